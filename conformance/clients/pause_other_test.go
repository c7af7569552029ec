//go:build !unix

package clients

import "testing"

// pause is for systems that can stop a process and let it go on.
func pause(t *testing.T, _ *client) { t.Skip("a process cannot be stopped and continued here") }

func resume(*testing.T, *client) {}
