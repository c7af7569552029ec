package model

import (
	"path"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
)

// StopSignal is the signal that the container gets, and where that is set; "" where only
// the image has it, and the image is not known. A command in the manifest replaces that of
// the image, but not its STOPSIGNAL.
func (c *Container) StopSignal() (signal, from string) {
	if v := c.Get("lifecycle", "stopSignal"); v.Present() {
		return v.Text(), "lifecycle.stopSignal: " + v.Text()
	}
	if d := c.dockerfile(); d != nil {
		return d.stop()
	}
	if signal := c.Image().stopSignal(); signal == "SIGTERM" {
		return signal, "the image " + c.Image().Text + " has no STOPSIGNAL: the default is SIGTERM"
	} else if signal != "" {
		return signal, "the image " + c.Image().Text + " has STOPSIGNAL " + signal
	}
	return "", ""
}

// Server is what the container runs, if that is known; nil for any other.
func (c *Container) Server() *finding.Server {
	words := c.Process1().Server
	if len(words) == 0 {
		if c.Get("command").Present() {
			return nil
		}
		return c.Image().server()
	}
	if s := finding.ServerOf(words[0]); s != nil && !interprets(words[0]) {
		return s
	}
	if interprets(words[0]) {
		for _, word := range words[1:] {
			if !strings.HasPrefix(word, "-") {
				return finding.ServerOf(word) // the script, or the module after -m
			}
		}
	}
	return nil
}

func interprets(program string) bool {
	switch strings.TrimRight(path.Base(program), "0123456789.") {
	case "python", "ruby", "node", "php", "perl":
		return true
	}
	return false
}

// server is what an official image runs by itself.
func (img Image) server() *finding.Server {
	name := path.Base(img.repository)
	if name == "php" && hasPart(img.tag, "fpm") {
		name = "php-fpm"
	}
	if img.official(img.repository) && !strings.Contains(img.repository, "/") || vendors[img.repository] != "" {
		return finding.ServerOf(strings.TrimSuffix(name, "-unprivileged"))
	}
	return nil
}
