package main

import (
	"net"

	"google.golang.org/grpc"
)

// elsewhere are the addresses to which clients go once the endpoint is
// removed: servers in this process, which never terminate.
type elsewhere map[proto]string

// openElsewhere serves all protocols. Its close ends that.
func openElsewhere() (places elsewhere, close func(), err error) {
	places = elsewhere{}
	var closers []func()
	close = func() {
		for _, c := range closers {
			c()
		}
	}
	for _, served := range []proto{clear1, clear2, secure, rpc} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			close()
			return nil, nil, err
		}
		end, err := serveElsewhere(served, l)
		if err != nil {
			l.Close()
			close()
			return nil, nil, err
		}
		closers = append(closers, end)
		places[served] = l.Addr().String()
	}
	return places, close, nil
}

func serveElsewhere(served proto, l net.Listener) (end func(), err error) {
	if served == rpc {
		s := grpc.NewServer()
		s.RegisterService(&echoService, echo{"elsewhere"})
		go s.Serve(l)
		return s.Stop, nil
	}
	srv, err := newHTTPServer(served, site("elsewhere"))
	if err != nil {
		return nil, err
	}
	go serveOn(srv, l)
	return func() { srv.Close() }, nil
}
