package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
)

// ratesResult is requests per second beside bare net/http, over each of
// these ways to speak.
type ratesResult struct {
	Rows []ratesRow `json:"rows"`
}

type ratesRow struct {
	Proto string `json:"protocol"`
	rateResult
}

// A loadKind is a protocol with the client that measures it.
type loadKind struct {
	name    string
	proto   proto
	connect func(addr string) (loader, error)
}

var loadKinds = []loadKind{
	{"HTTP/1.1", clear1, func(addr string) (loader, error) { return newRawClient(addr) }},
	{"HTTP/1.1 on TLS", secure, func(addr string) (loader, error) {
		conn, err := dialTLS(addr, "http/1.1")
		if err != nil {
			return nil, err
		}
		return rawClientOn(conn)
	}},
	{"HTTP/2", clear2, func(addr string) (loader, error) {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return nil, err
		}
		return rawHTTP2On(conn, "http")
	}},
	{"HTTP/2 on TLS", secure, func(addr string) (loader, error) {
		conn, err := dialTLS(addr, "h2")
		if err != nil {
			return nil, err
		}
		return rawHTTP2On(conn, "https")
	}},
}

func dialTLS(addr, protocol string) (net.Conn, error) {
	return tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol}})
}

func measureRates(ctx context.Context, p plan, res *results) error {
	out := new(ratesResult)
	for _, l := range loadKinds {
		p.progress("rates: %s, %d pairs of rounds of %v", l.name, p.rate.pairs, p.rate.round)
		r, err := p.rate.race(ctx, l.proto, l.connect)
		if err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		out.Rows = append(out.Rows, ratesRow{l.name, *r})
	}
	res.Rates = out
	return nil
}
