// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"io"
	"net/http"
	"os"
	"path"
	"strconv"
	"strings"
	"syscall"
	"unsafe"
)

const fileMost = 16 << 20 // bytes

var types = map[string]string{
	"html": "text/html", "htm": "text/html", "css": "text/css", "js": "text/javascript", "mjs": "text/javascript",
	"json": "application/json", "txt": "text/plain", "md": "text/markdown", "csv": "text/csv", "xml": "application/xml",
	"svg": "image/svg+xml", "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif",
	"webp": "image/webp", "ico": "image/x-icon", "pdf": "application/pdf", "wasm": "application/wasm",
	"gz": "application/gzip",
}

// root is the directory whose files are served.
type root struct {
	fd int
}

// openRoot returns nil for no directory.
func openRoot(name string) (*root, error) {
	if name == "" {
		return nil, nil
	}
	fd, err := syscall.Open(name, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "--root", Path: name, Err: err}
	}
	return &root{fd}, nil
}

// send a file below the root; of a directory, its index.html.
func (r *root) send(w http.ResponseWriter, name string) {
	f, info := r.file(name)
	if f != nil && info.IsDir() {
		f.Close()
		name = path.Join(name, "index.html")
		f, info = r.file(name)
	}
	if f == nil {
		refuse(w, http.StatusNotFound)
		return
	}
	defer f.Close()
	if !info.Mode().IsRegular() || info.Size() > fileMost {
		refuse(w, http.StatusNotFound)
		return
	}
	kind := types[strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))]
	if kind == "" {
		kind = "application/octet-stream"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Last-Modified", info.ModTime().UTC().Format(http.TimeFormat))
	w.Header().Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	io.CopyN(w, f, info.Size())
}

func (r *root) file(name string) (*os.File, os.FileInfo) {
	f := r.open(name)
	if f == nil {
		return nil, nil
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, nil
	}
	return f, info
}

// open lets the kernel see to it that there is no way out, whatever the name: openat2, RESOLVE_BENEATH. Nil if there is
// no such file, or if it lies outside. O_NONBLOCK: a FIFO must not make it wait.
func (r *root) open(name string) *os.File {
	const (
		openat2 = 437
		flags   = syscall.O_RDONLY | syscall.O_CLOEXEC | syscall.O_NONBLOCK | syscall.O_NOCTTY
		noMagic = 0x02
		beneath = 0x08
		tries   = 16
	)
	if name == "" {
		name = "."
	}
	text, err := syscall.BytePtrFromString(name)
	if r == nil || err != nil {
		return nil
	}
	how := struct{ flags, mode, resolve uint64 }{flags, 0, noMagic | beneath}
	for i := 0; i < tries; i++ {
		fd, _, errno := syscall.Syscall6(openat2, uintptr(r.fd), uintptr(unsafe.Pointer(text)),
			uintptr(unsafe.Pointer(&how)), unsafe.Sizeof(how), 0, 0)
		switch errno {
		case 0:
			return os.NewFile(fd, name)
		case syscall.EINTR, syscall.EAGAIN: // something was renamed meanwhile
		default:
			return nil
		}
	}
	return nil
}
