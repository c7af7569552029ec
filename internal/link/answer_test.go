package link

import "testing"

func TestWithClose(t *testing.T) {
	const status = "HTTP/1.1 200 OK\r\n"
	for head, want := range map[string]string{
		status + "Date: now":                              status + "Connection: close\r\nDate: now",
		status + "Connection: keep-alive\r\nDate: now":    status + "Connection: close\r\nDate: now",
		status + "Date: now\r\nConnection: Keep-Alive":    status + "Date: now\r\nConnection: close",
		status + "Connection: close\r\nDate: now":         "",
		"HTTP/1.1 101 Switching\r\nConnection: Upgrade":   "",
		status + "X: Connection: keep-alive\r\nDate: now": status + "Connection: close\r\nX: Connection: keep-alive\r\nDate: now",
	} {
		if got := string(withClose([]byte(head))); got != want {
			t.Errorf("%q\n got %q\nwant %q", head, got, want)
		}
	}
}
