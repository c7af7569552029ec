//go:build !linux

package main

import "syscall"

// dieWithParent has nothing to ask of this system: the child notices that
// its standard input has closed, and exits.
func dieWithParent() *syscall.SysProcAttr { return nil }
