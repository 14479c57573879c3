// SPDX-License-Identifier: BSD-2-Clause

package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

const (
	// How long at the end the connections in the listen queue may take to be accepted: they are already there.
	queueTime = 20 * time.Millisecond
	drainPoll = 2 * time.Millisecond
)

// client counts the bytes of one connection, and knows what is under way on it.
type client struct {
	*net.TCPConn
	answering  atomic.Bool // a request is with its handler
	between    atomic.Bool // net/http waits for the next request: see SetReadDeadline
	unanswered atomic.Bool // bytes have been read since the last request
	writing    atomic.Bool
	ended      atomic.Bool   // by the other side
	moved      atomic.Uint64 // bytes, both ways
	quiet      uint64        // as many when drain last looked, and one more
}

// Read what has arrived; at the end of the server nothing but that, and the rest of what is there in part.
func (c *client) Read(p []byte) (int, error) {
	if draining.Load() && c.resting() {
		return 0, io.EOF
	}
	n, err := c.TCPConn.Read(p)
	if n > 0 {
		c.unanswered.Store(true)
	} else if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		c.ended.Store(true)
	}
	c.moved.Add(uint64(n))
	counters.bytesIn.Add(uint64(n))
	return n, err
}

// SetReadDeadline is how it can be seen from here whether net/http waits for a request (with a limit, IdleTimeout) or has
// a part of one (without).
func (c *client) SetReadDeadline(t time.Time) error {
	c.between.Store(t.After(time.Now()))
	return c.TCPConn.SetReadDeadline(t)
}

// resting: no part of a request is there.
func (c *client) resting() bool {
	part := !c.between.Load() || c.unanswered.Load()
	return (c.moved.Load() == 0 || !part) && !c.answering.Load() && !c.waiting()
}

// What net/http sends while no request is being answered is its word on bytes that were none.
func (c *client) Write(p []byte) (int, error) {
	if !c.answering.Load() {
		counters.bad.Add(1)
	}
	c.writing.Store(true)
	n, err := c.TCPConn.Write(p)
	c.writing.Store(false)
	c.moved.Add(uint64(n))
	counters.bytesOut.Add(uint64(n))
	return n, err
}

// ReadFrom keeps sendfile for files.
func (c *client) ReadFrom(r interface{ Read([]byte) (int, error) }) (int64, error) {
	c.writing.Store(true)
	n, err := c.TCPConn.ReadFrom(r)
	c.writing.Store(false)
	c.moved.Add(uint64(n))
	counters.bytesOut.Add(uint64(n))
	return n, err
}

// waiting bytes that nobody has read yet.
func (c *client) waiting() bool {
	var n int32

	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	err = raw.Control(func(fd uintptr) {
		syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCINQ, uintptr(unsafe.Pointer(&n)))
	})
	return err == nil && n > 0
}

// clients is the listener, and all connections that it has accepted and that are open.
type clients struct {
	*net.TCPListener
	mutex sync.Mutex
	open  map[*client]bool
}

// draining: the server stops after the requests that have arrived.
var draining atomic.Bool

func newClients(listening *net.TCPListener) *clients {
	return &clients{TCPListener: listening, open: make(map[*client]bool)}
}

func (cs *clients) Accept() (net.Conn, error) {
	tcp, err := cs.AcceptTCP()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, net.ErrClosed // net/http would try again
	}
	if err != nil {
		return nil, err
	}
	c := &client{TCPConn: tcp}
	counters.connections.Add(1)
	cs.mutex.Lock()
	cs.open[c] = true
	cs.mutex.Unlock()
	return c, nil
}

// state is told by net/http.
func (cs *clients) state(conn net.Conn, state http.ConnState) {
	c := conn.(*client)
	if state == http.StateIdle {
		c.answering.Store(false)
	}
	if state == http.StateClosed {
		cs.mutex.Lock()
		delete(cs.open, c)
		cs.mutex.Unlock()
	}
}

type clientKey struct{}

// context lets a handler find its connection.
func (cs *clients) context(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, clientKey{}, conn)
}

// drain ends as servers/server does: take what waits in the listen queue, answer the requests that have arrived, give
// half ones the time of grace. http.Server.Shutdown would close idle connections whose next request is already there.
func (cs *clients) drain(grace time.Duration) {
	draining.Store(true)
	cs.SetDeadline(time.Now().Add(queueTime))
	time.Sleep(queueTime)
	cs.TCPListener.Close()
	end := time.Now().Add(grace)
	for cs.closeIdle(time.Now().After(end)) > 0 {
		time.Sleep(drainPoll)
	}
}

// closeIdle closes connections without a request; when time is up, also those with half of one, or whose client has left
// or doesn't read. Returns how many are left. Between the read of a request and its handler there is little to be seen of
// it: so what has moved has another turn.
func (cs *clients) closeIdle(late bool) int {
	cs.mutex.Lock()
	defer cs.mutex.Unlock()
	for c := range cs.open {
		before := c.quiet
		c.quiet = c.moved.Load() + 1
		stuck := c.ended.Load() || c.writing.Load()
		if before == c.quiet && (c.resting() || late && (stuck || !c.answering.Load())) {
			c.TCPConn.Close()
			delete(cs.open, c)
		}
	}
	return len(cs.open)
}
