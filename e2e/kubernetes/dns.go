//go:build linux

package main

import (
	"fmt"
	"os"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/ready"
)

// runCoreDNS serves by the Corefile that is its only argument, with the few
// plugins that a cluster's names need. CoreDNS's own main would register flags
// that other components then had, too.
func runCoreDNS() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "coredns: one argument, the path of a Corefile")
		os.Exit(2)
	}
	if err := serveDNS(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "coredns:", err)
		os.Exit(1)
	}
}

func serveDNS(corefile string) error {
	contents, err := os.ReadFile(corefile)
	if err != nil {
		return err
	}
	// A query passes the plugins in this order.
	dnsserver.Directives = []string{"errors", "health", "ready", "cache", "kubernetes"}
	caddy.TrapSignals()
	server, err := caddy.Start(caddy.CaddyfileInput{Contents: contents, Filepath: corefile, ServerTypeName: "dns"})
	if err != nil {
		return err
	}
	server.Wait()
	return nil
}
