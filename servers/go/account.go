// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

var counters struct {
	connections, requests, bad, bytesIn, bytesOut atomic.Uint64
}

// account has the lines of servers/core/stats.c, in its order.
type account struct {
	lines []line
	statm []line // in pages
}

type line struct {
	name, text string
	value      uint64
}

func takeAccount() account {
	a := account{lines: []line{
		{"connections", "connections accepted", counters.connections.Load()},
		{"refused", "connections refused: no memory, thread or process", 0},
		{"requests", "requests handled", counters.requests.Load()},
		{"bad", "requests that were none", counters.bad.Load()},
		{"wins", "games won", 0},
		{"posts", "lines posted to the room", 0},
		{"overrun", "clients dropped that did not read", 0},
		{"bytes_in", "bytes received", counters.bytesIn.Load()},
		{"bytes_out", "bytes sent", counters.bytesOut.Load()},
	}}
	a.addUsage()
	a.addStatm()
	return a
}

func (a *account) addUsage() {
	var self, children syscall.Rusage

	if syscall.Getrusage(syscall.RUSAGE_SELF, &self) != nil ||
		syscall.Getrusage(syscall.RUSAGE_CHILDREN, &children) != nil {
		return
	}
	most := self.Maxrss
	if children.Maxrss > most {
		most = children.Maxrss
	}
	add := func(name, text string, value int64) {
		a.lines = append(a.lines, line{name, text, uint64(value)})
	}
	add("user_us", "µs of user time", (self.Utime.Nano()+children.Utime.Nano())/1000)
	add("sys_us", "µs of system time", (self.Stime.Nano()+children.Stime.Nano())/1000)
	add("max_rss_kb", "kB, the most memory of one process", most)
	add("minflt", "soft page faults", self.Minflt+children.Minflt)
	add("majflt", "hard page faults", self.Majflt+children.Majflt)
	add("inblock", "blocks read, 512 bytes each", self.Inblock+children.Inblock)
	add("oublock", "blocks written, 512 bytes each", self.Oublock+children.Oublock)
	add("nvcsw", "voluntary switches", self.Nvcsw+children.Nvcsw)
	add("nivcsw", "involuntary switches", self.Nivcsw+children.Nivcsw)
}

func (a *account) addStatm() {
	names := []line{
		{"size", "address space", 0},
		{"resident", "in memory", 0},
		{"shared", "of files and shared mappings", 0},
		{"text", "code", 0},
		{}, // libraries: always 0
		{"data", "data and stacks", 0},
	}
	text, _ := os.ReadFile("/proc/self/statm")
	fields := strings.Fields(string(text))
	for i, l := range names {
		if i >= len(fields) || l.name == "" {
			continue
		}
		l.value, _ = strconv.ParseUint(fields[i], 10, 64)
		a.statm = append(a.statm, l)
	}
}

func pageKB() uint64 {
	return uint64(os.Getpagesize()) / 1024
}

func (a account) print(to io.Writer) error {
	var b bytes.Buffer

	fmt.Fprintf(&b, "account of go, http\n")
	for _, l := range a.lines {
		fmt.Fprintf(&b, "%-12s %14d  %s\n", l.name, l.value, l.text)
	}
	for _, l := range a.statm {
		fmt.Fprintf(&b, "statm %-8s %12d pages %12d kB  %s\n", l.name, l.value, l.value*pageKB(), l.text)
	}
	_, err := to.Write(b.Bytes())
	return err
}

// writeJSON writes beside and renames, so that a reader never sees half.
func (a account) writeJSON(path string) error {
	var b bytes.Buffer

	fmt.Fprintf(&b, "{\"model\": \"go\", \"app\": \"http\"")
	for _, l := range a.lines {
		fmt.Fprintf(&b, ",\n \"%s\": %d", l.name, l.value)
	}
	for i, l := range a.statm {
		before := ", "
		if i == 0 {
			before = ",\n \"statm\": {"
		}
		fmt.Fprintf(&b, "%s\"%s_pages\": %d, \"%s_kb\": %d", before, l.name, l.value, l.name, l.value*pageKB())
	}
	if len(a.statm) > 0 {
		b.WriteByte('}')
	}
	b.WriteString("}\n")
	beside := fmt.Sprintf("%s.%d", path, os.Getpid())
	err := os.WriteFile(beside, b.Bytes(), 0o666)
	if err == nil {
		err = os.Rename(beside, path)
	}
	if err != nil {
		os.Remove(beside)
	}
	return err
}
