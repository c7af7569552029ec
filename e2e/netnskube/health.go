//go:build linux

package netnskube

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// healthClient asks servers of the node that it runs on. Some make their own
// certificates when they start; there is no host between them.
var healthClient = http.Client{
	Timeout:   5 * time.Second,
	Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true},
}

// askHealth returns nil if the server at an address is healthy: an http or
// https URL that answers 200, or unix:PATH that accepts a connection.
func askHealth(address string) error {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		c, err := net.Dial("unix", path)
		if err != nil {
			return err
		}
		return c.Close()
	}
	response, err := healthClient.Get(address)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusOK {
		return nil
	}
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	return fmt.Errorf("%s: %s: %s", address, response.Status, answer)
}
