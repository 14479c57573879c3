// SPDX-License-Identifier: BSD-2-Clause

// The Go peer of servers/server: the routes of its http app on net/http, a goroutine per connection, one epoll
// instance for all of them inside the Go runtime. See docs/servers.md.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

const forever = 10 * 365 * 24 * time.Hour // but not 0: see client.SetReadDeadline

type options struct {
	port      uint
	bind      string
	root      string
	procs     uint
	grace     uint
	statsJSON string
}

// Ends with 0 after --help, with 2 and a sentence after a wrong option.
func parseOptions() options {
	var o options

	f := flag.NewFlagSet("server", flag.ContinueOnError)
	f.UintVar(&o.port, "port", 0, "`N`: 0 takes a free one")
	f.StringVar(&o.bind, "bind", "127.0.0.1", "`ADDRESS`: IPv4 or IPv6")
	f.StringVar(&o.root, "root", "", "`DIR`: what /static/ serves")
	f.UintVar(&o.procs, "procs", 0, "`N`: threads that run Go code at a time (GOMAXPROCS); 0: one per CPU")
	f.UintVar(&o.grace, "grace", 2000, "`MS`: at the end, for requests of which a part has arrived")
	f.StringVar(&o.statsJSON, "stats-json", "", "`FILE`: its own account, at SIGUSR1 and at the end")
	f.SetOutput(io.Discard)
	err := f.Parse(os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Print("usage: server [OPTION ...]\n\nThe http app of servers/server, in Go.\n\n")
		f.SetOutput(os.Stdout)
		f.PrintDefaults()
		os.Exit(0)
	case err == nil && f.NArg() > 0:
		err = fmt.Errorf("%s: not an option", f.Arg(0))
	case err == nil && o.port > 65535:
		err = fmt.Errorf("--port %d: must be 0 to 65535", o.port)
	case err == nil && o.procs > 1024:
		err = fmt.Errorf("--procs %d: must be 0 to 1024", o.procs)
	case err == nil && net.ParseIP(o.bind) == nil:
		err = fmt.Errorf("--bind %s: not an IPv4 or IPv6 address", o.bind)
	}
	if err != nil {
		complain(err)
		os.Exit(2)
	}
	return o
}

func complain(err error) {
	fmt.Fprintln(os.Stderr, "server:", err)
}

func report(statsJSON string) bool {
	a := takeAccount()
	err := a.print(os.Stdout)
	if err == nil && statsJSON != "" {
		err = a.writeJSON(statsJSON)
	}
	if err != nil {
		complain(fmt.Errorf("its account: %w", err))
	}
	return err == nil
}

func run(o options) error {
	// Before anything is said: who reads "listening" may signal.
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGUSR1)
	signal.Ignore(syscall.SIGHUP, syscall.SIGPIPE)

	root, err := openRoot(o.root)
	if err != nil {
		return err
	}
	listening, err := net.Listen("tcp", net.JoinHostPort(o.bind, strconv.Itoa(int(o.port))))
	if err != nil {
		return err
	}
	clients := newClients(listening.(*net.TCPListener))
	server := http.Server{
		Handler:        &handler{root},
		MaxHeaderBytes: headersRead,
		IdleTimeout:    forever,
		ConnState:      clients.state,
		ConnContext:    clients.context,
		ErrorLog:       log.New(os.Stderr, "server: ", 0),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(clients) }()
	if _, err := fmt.Printf("listening on %s\n", listening.Addr()); err != nil {
		return err
	}
	for {
		select {
		case err := <-served:
			return err
		case s := <-signals:
			if s == syscall.SIGUSR1 {
				report(o.statsJSON)
				continue
			}
			clients.drain(time.Duration(o.grace) * time.Millisecond)
			return nil
		}
	}
}

func main() {
	o := parseOptions()
	if o.procs > 0 {
		runtime.GOMAXPROCS(int(o.procs))
	}
	if err := run(o); err != nil {
		complain(err)
		os.Exit(1)
	}
	if !report(o.statsJSON) {
		os.Exit(1)
	}
}
