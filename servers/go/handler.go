// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// Limits, in bytes, as servers/app_http.c has them.
const (
	targetMost  = 4 << 10
	headersMost = 16 << 10
	headersRead = 128 << 10 // what is longer, net/http refuses with 431, be it a target
	bodyMost    = 1 << 20
	workMost    = 10_000_000 // µs
	sleepMost   = 60_000     // ms
)

type handler struct {
	root *root // nil: no /static/
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := r.Context().Value(clientKey{}).(*client)
	c.answering.Store(true)
	counters.requests.Add(1)
	status := check(r)
	c.unanswered.Store(false)
	if status != 0 {
		refuse(w, status)
		return
	}
	switch path := r.URL.Path; {
	case path == "/":
		reply(w, http.StatusOK, "Hello from vmprof!\n")
	case path == "/work":
		if n, ok := number(r, "us", workMost); ok {
			burn(time.Duration(n) * time.Microsecond)
			reply(w, http.StatusOK, "worked "+strconv.Itoa(n)+" us\n")
		} else {
			refuse(w, http.StatusBadRequest)
		}
	case path == "/sleep":
		if n, ok := number(r, "ms", sleepMost); ok {
			time.Sleep(time.Duration(n) * time.Millisecond)
			reply(w, http.StatusOK, "slept "+strconv.Itoa(n)+" ms\n")
		} else {
			refuse(w, http.StatusBadRequest)
		}
	case strings.HasPrefix(path, "/static/"):
		h.root.send(w, strings.TrimPrefix(path, "/static/"))
	default:
		refuse(w, http.StatusNotFound)
	}
}

// check what net/http lets through. 0: a request to be answered; its body has been read over.
func check(r *http.Request) int {
	if len(r.RequestURI) > targetMost {
		return http.StatusRequestURITooLong
	}
	size := 0
	for name, values := range r.Header {
		for _, value := range values {
			size += len(name) + len(value) + 4 // ": " and CRLF
		}
	}
	if size > headersMost {
		return http.StatusRequestHeaderFieldsTooLarge
	}
	if r.ContentLength > bodyMost {
		return http.StatusRequestEntityTooLarge
	}
	if r.ContentLength != 0 {
		if n, _ := io.CopyN(io.Discard, r.Body, bodyMost+1); n > bodyMost {
			return http.StatusRequestEntityTooLarge
		}
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return http.StatusMethodNotAllowed
	}
	return 0
}

func reply(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	io.WriteString(w, body)
}

var reasons = map[int]string{
	http.StatusBadRequest:                  "this is no request that can be understood\n",
	http.StatusNotFound:                    "there is nothing of that name\n",
	http.StatusMethodNotAllowed:            "there are GET and HEAD\n",
	http.StatusRequestEntityTooLarge:       "a body has at most 1 MiB\n",
	http.StatusRequestURITooLong:           "a target has at most 4 KiB\n",
	http.StatusRequestHeaderFieldsTooLarge: "headers have at most 16 KiB\n",
}

// refuse says why; after what makes the rest of the connection doubtful, it closes.
func refuse(w http.ResponseWriter, status int) {
	switch status {
	case http.StatusNotFound:
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", "GET, HEAD")
	default:
		counters.bad.Add(1)
		w.Header().Set("Connection", "close")
	}
	reply(w, status, reasons[status])
}

// number is the query's: digits alone, 0 to most.
func number(r *http.Request, name string, most int) (int, bool) {
	n, err := strconv.ParseUint(r.URL.Query().Get(name), 10, 32)
	return int(n), err == nil && n <= uint64(most)
}

// burn CPU time of this thread, which is this goroutine's alone meanwhile. It reads the thread's clock, a system call,
// only when the time that is missing has passed by the wall clock, which is none.
func burn(d time.Duration) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for end := threadTime() + d; ; {
		left := end - threadTime()
		if left <= 0 {
			return
		}
		for begin := time.Now(); time.Since(begin) < left; {
		}
	}
}

func threadTime() time.Duration {
	const clockThreadCPUTime = 3

	var ts syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockThreadCPUTime, uintptr(unsafe.Pointer(&ts)), 0)
	return time.Duration(ts.Nano())
}
