package lameduck

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/lameduck-dev/lameduck/internal/link"
	"github.com/lameduck-dev/lameduck/internal/program"
)

// guard looks, at start, for mistakes of the program that would drop connections at the
// termination, and logs them.
func (p *Process) guard() {
	p.guardNetHTTP()
	if info, ok := debug.ReadBuildInfo(); ok {
		p.guardGRPC(info.Deps)
	}
	for _, srv := range p.httpServers() {
		if link.IsH2C(srv.Handler) {
			p.log.Warn("the Handler of an http.Server is that of golang.org/x/net/http2/h2c, which hijacks connections: clients are not asked to leave, and are cut (golang/go#26682). "+
				"Use the Handler that it wraps, and http.Server.Protocols with SetHTTP1(true) and SetUnencryptedHTTP2(true)", "addr", srv.Addr)
		}
		if link.ClearTextByHTTP2(srv) {
			p.log.Warn("an http.Server serves clear text although its TLSConfig is set, which http2.ConfigureServer alone has filled in. "+
				"For TLS add a certificate; for clear text set TLSConfig to nil after http2.ConfigureServer", "addr", srv.Addr)
		}
		srv.RegisterOnShutdown(p.noticeShutdown)
	}
}

// checkNetHTTP is link.Check; tests replace it.
var checkNetHTTP = link.Check

// guardNetHTTP makes connections careful if net/http does not behave as this version
// assumes: a termination then takes longer, and still loses no request.
func (p *Process) guardNetHTTP() {
	if len(p.httpServers()) == 0 {
		return
	}
	if err := checkNetHTTP(); err != nil {
		p.env.Careful = true
		p.log.Warn("net/http of this Go reads and writes otherwise than lameduck assumes: HTTP/1 connections that are idle are left open until the cut, because a part of a request may have arrived on them. "+
			"Update github.com/lameduck-dev/lameduck", "go", runtime.Version(), "error", err)
	}
}

// guardGRPC warns programs that stop a gRPC server themselves. For a server of AddGRPC
// there is no need: the cut waits for its Stop only within a limit.
func (p *Process) guardGRPC(deps []*debug.Module) {
	ours := slices.ContainsFunc(p.servers, func(s *server) bool { return s.finish != nil })
	if version := oldGRPC(deps); version != "" && !ours {
		p.log.Warn("google.golang.org/grpc is older than v1.85.0: if a handler outlives its client, a Stop after GracefulStop blocks for ever (grpc/grpc-go#9393). "+
			"Where this process is a gRPC server, give that to Process.AddGRPC or upgrade; a process that is only a client is not affected", "version", version)
	}
}

// httpServers are the servers of package net/http, each once.
func (p *Process) httpServers() (all []*http.Server) {
	seen := map[*http.Server]bool{}
	for _, s := range p.servers {
		if s.http != nil && !seen[s.http] {
			seen[s.http] = true
			all = append(all, s.http)
		}
	}
	return all
}

// oldGRPC returns the version of grpc-go that is linked, "" if none is, if its version
// is not known, or if it is new enough.
func oldGRPC(deps []*debug.Module) string {
	const path = "google.golang.org/grpc"
	for _, m := range deps {
		if m.Path != path {
			continue
		}
		if m.Replace != nil {
			m = m.Replace
		}
		if m.Path == path && before(m.Version, 1, 85) { // a fork has versions of its own
			return m.Version
		}
	}
	return ""
}

// before reports whether version, such as v1.84.0 or v1.85.0-dev, comes before
// vMAJOR.MINOR.0. It returns false for a text that is no version, such as (devel).
func before(version string, major, minor int) bool {
	numbers, ok := strings.CutPrefix(version, "v")
	if !ok {
		return false
	}
	numbers, _, _ = strings.Cut(numbers, "+")
	numbers, pre, _ := strings.Cut(numbers, "-")
	var is [3]int
	for i, part := range strings.Split(numbers, ".") {
		n, err := strconv.Atoi(part)
		if i > 2 || err != nil {
			return false
		}
		is[i] = n
	}
	switch {
	case is[0] != major:
		return is[0] < major
	case is[1] != minor:
		return is[1] < minor
	}
	return is[2] == 0 && pre != ""
}

// shutServers calls http.Server.Shutdown when no connection can carry a request any more,
// so that net/http starts the functions of RegisterOnShutdown: they may end hijacked
// connections.
func (p *Process) shutServers() {
	p.watch.shutdown.once.Do(func() {
		p.watch.shutdown.ours.Store(true)
		over, cancel := context.WithCancel(context.Background())
		cancel() // there is nothing to wait for
		for _, srv := range p.httpServers() {
			go program.Protect(func() error { return srv.Shutdown(over) }) // waits until Serve has returned, which a listener may delay
		}
	})
}

var errShutdown = errors.New("http.Server.Shutdown or Close was called by other code than lameduck, which loses the requests that are on the wire; " +
	"remove that call: Run and RunUntilSignal end the server themselves")

// noticeClosed is given the error of Serve, which shows whether Shutdown or Close was
// called.
func (p *Process) noticeClosed(err error) {
	if errors.Is(err, http.ErrServerClosed) {
		p.noticeShutdown()
	}
}

// noticeShutdown is a function of RegisterOnShutdown: net/http calls it in Shutdown.
func (p *Process) noticeShutdown() {
	s := &p.watch.shutdown
	if !s.ours.Load() && !s.others.Swap(true) {
		p.log.Warn(errShutdown.Error())
	}
}

// shutdownByOthers is the error of Run if other code has called Shutdown or Close.
func (p *Process) shutdownByOthers() error {
	if p.watch.shutdown.others.Load() {
		return errShutdown
	}
	return nil
}
