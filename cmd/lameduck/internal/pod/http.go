package pod

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

const (
	probeAgent = "kube-probe/1.34"
	hookAgent  = "kube-lifecycle/1.34"

	maxRedirects = 10
	maxBody      = 10 << 10 // bytes of a response that the kubelet reads
)

// probeHTTP probes like the kubelet's prober: 200 to 399 is success, redirects
// are followed on the same host, certificates are not verified.
func (a *action) probeHTTP(ctx context.Context, p process, host string) error {
	status, err := a.get(ctx, p, host, strings.ToLower(a.HTTP.Scheme), probeAgent)
	if err != nil {
		return err
	}
	if status < http.StatusOK || status >= http.StatusBadRequest {
		return fmt.Errorf("%s returned status %d", a, status)
	}
	return nil
}

// request is the httpGet hook: any response is a success. A server that turns
// out not to use TLS is asked again without it.
func (a *action) request(ctx context.Context, p process, host string) error {
	_, err := a.get(ctx, p, host, strings.ToLower(a.HTTP.Scheme), hookAgent)
	if errors.Is(err, http.ErrSchemeMismatch) {
		_, err = a.get(ctx, p, host, "http", hookAgent)
	}
	return err
}

func (a *action) get(ctx context.Context, p process, host, scheme, agent string) (status int, err error) {
	client, release := a.client(p)
	defer release()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url(host, cmp.Or(scheme, "http")), nil)
	if err != nil {
		return 0, err
	}
	a.setHeaders(req, agent)
	resp, err := client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", a, withoutURL(ctx, err))
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, maxBody)
	return resp.StatusCode, nil
}

// client connects to the pod, on one connection for each request. Only a
// handler that names another host is connected to that, from here: the kubelet
// connects from the node.
func (a *action) client(p process) (client *http.Client, release func()) {
	transport := &http.Transport{
		DisableKeepAlives:  true,
		DisableCompression: true,
		TLSClientConfig:    &tls.Config{InsecureSkipVerify: true},
	}
	if a.HTTP.Host == "" {
		transport.DialContext = func(ctx context.Context, _, addr string) (net.Conn, error) {
			_, port, err := net.SplitHostPort(addr)
			if err != nil {
				return nil, err
			}
			number, err := strconv.Atoi(port)
			if err != nil {
				return nil, err
			}
			return p.Dial(ctx, number)
		}
	}
	return &http.Client{Transport: transport, CheckRedirect: sameHost}, transport.CloseIdleConnections
}

// sameHost treats a redirect to another host as the response.
func sameHost(req *http.Request, via []*http.Request) error {
	if req.URL.Hostname() != via[0].URL.Hostname() {
		return http.ErrUseLastResponse
	}
	if len(via) >= maxRedirects {
		return fmt.Errorf("stopped after %d redirects", maxRedirects)
	}
	return nil
}

func (a *action) url(host, scheme string) string {
	u, err := url.Parse(a.path())
	if err != nil {
		u = &url.URL{Path: a.path()}
	}
	u.Scheme = scheme
	u.Host = net.JoinHostPort(cmp.Or(a.HTTP.Host, host), strconv.Itoa(a.port))
	return u.String()
}

func (a *action) setHeaders(req *http.Request, agent string) {
	req.Header.Set("User-Agent", agent)
	req.Header.Set("Accept", "*/*")
	for _, h := range a.HTTP.Headers {
		if strings.EqualFold(h[0], "Host") {
			req.Host = h[1]
			continue
		}
		req.Header.Add(h[0], h[1])
	}
}

func withoutURL(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("no response in time")
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return withoutAddresses(err)
}
