//go:build linux

package netnskube

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// wire is the cluster's network: a bridge in the keeper's own namespace, which
// is the client's, and a link from it into each node's. No end of a link is ever
// in the host's namespace, because the keeper was started in one of its own.
type wire struct {
	client *netlink.Handle
	bridge netlink.Link
}

// newWire makes the bridge. It refuses to when this process is in the namespace
// of the machine's first process.
func newWire() (*wire, error) {
	if err := leftHostNetwork(); err != nil {
		return nil, err
	}
	client, err := netlink.NewHandle()
	if err != nil {
		return nil, err
	}
	if err := setUpLoopback(client); err != nil {
		return nil, err
	}
	bridge := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{
		Name: "wire",
		// Without an address of its own a bridge takes that of a port, and
		// changes it when a port comes: neighbours would lose it.
		HardwareAddr: net.HardwareAddr{0x02, 0, 0, 0, 0, 100},
	}}
	if err := client.LinkAdd(bridge); err != nil {
		return nil, fmt.Errorf("make bridge: %w", err)
	}
	if err := addAddress(client, bridge, clientIP+wireBits); err != nil {
		return nil, err
	}
	return &wire{client, bridge}, client.LinkSetUp(bridge)
}

func leftHostNetwork() error {
	own, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return err
	}
	host, err := os.Readlink("/proc/1/ns/net")
	if err == nil && own == host {
		return errors.New("the keeper is in the host's network namespace")
	}
	return nil
}

// plug joins the namespace of a node's first process to the wire.
func (w *wire) plug(n node, pid int) error {
	link := &netlink.Veth{
		LinkAttrs:     netlink.LinkAttrs{Name: n.Name, MasterIndex: w.bridge.Attrs().Index},
		PeerName:      "eth0",
		PeerNamespace: netlink.NsPid(pid),
	}
	if err := w.client.LinkAdd(link); err != nil {
		return fmt.Errorf("link %s: %w", n.Name, err)
	}
	if err := w.client.LinkSetUp(link); err != nil {
		return err
	}
	return inNetworkOf(pid, func(h *netlink.Handle) error {
		if err := setUpLoopback(h); err != nil {
			return err
		}
		eth, err := h.LinkByName("eth0")
		if err != nil {
			return err
		}
		if err := addAddress(h, eth, n.IP+wireBits); err != nil {
			return err
		}
		if err := h.LinkSetUp(eth); err != nil {
			return err
		}
		return addRoute(h, "0.0.0.0/0", clientIP)
	})
}

// route lets all nodes and the client reach every node's pods, and the client the services, by
// way of the first node.
func (w *wire) route(nodes []node, pids map[string]int) error {
	for _, to := range nodes {
		if err := addRoute(w.client, to.PodCIDR, to.IP); err != nil {
			return err
		}
		for _, from := range nodes {
			if from == to {
				continue
			}
			err := inNetworkOf(pids[from.Name], func(h *netlink.Handle) error { return addRoute(h, to.PodCIDR, to.IP) })
			if err != nil {
				return err
			}
		}
	}
	return addRoute(w.client, serviceCIDR, nodes[0].IP)
}

func inNetworkOf(pid int, do func(*netlink.Handle) error) error {
	ns, err := netns.GetFromPid(pid)
	if err != nil {
		return err
	}
	defer ns.Close()
	h, err := netlink.NewHandleAt(ns)
	if err != nil {
		return err
	}
	defer h.Close()
	return do(h)
}

func setUpLoopback(h *netlink.Handle) error {
	lo, err := h.LinkByName("lo")
	if err != nil {
		return err
	}
	return h.LinkSetUp(lo)
}

func addAddress(h *netlink.Handle, link netlink.Link, cidr string) error {
	addr, err := netlink.ParseAddr(cidr)
	if err != nil {
		return err
	}
	if err := h.AddrAdd(link, addr); err != nil {
		return fmt.Errorf("address %s: %w", cidr, err)
	}
	return nil
}

func addRoute(h *netlink.Handle, cidr, via string) error {
	_, dst, err := net.ParseCIDR(cidr)
	if err != nil {
		return err
	}
	if err := h.RouteAdd(&netlink.Route{Dst: dst, Gw: net.ParseIP(via)}); err != nil {
		return fmt.Errorf("route to %s: %w", cidr, err)
	}
	return nil
}

// leaveBridgesAlone keeps the bridge's frames away from netfilter: the bridge stands for a
// cable here, not for a node. Kernels without the bridge filter have no such
// setting.
func leaveBridgesAlone() error {
	err := os.WriteFile("/proc/sys/net/bridge/bridge-nf-call-iptables", []byte("0"), 0o644)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
