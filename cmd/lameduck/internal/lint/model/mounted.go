package model

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/object"
)

// File is a file in a container, mounted from a ConfigMap or a Secret of the set.
type File struct {
	path, Text string
	from       string // "nginx.conf in ConfigMap web"
}

// Files are what the container mounts from ConfigMaps and Secrets of the set.
func (c *Container) Files() []File {
	var all []File
	for _, mount := range c.Get("volumeMounts").Items() {
		for _, volume := range c.Workload.Pod.Get("volumes").Items() {
			if volume.Get("name").Text() != mount.Get("name").Text() {
				continue
			}
			all = append(all, c.Workload.source(volume, mount)...)
			for _, part := range volume.Get("projected", "sources").Items() {
				all = append(all, c.Workload.source(part, mount)...)
			}
		}
	}
	return all
}

// source are the files that one volume, or one source of a projected one, mounts.
func (w *Workload) source(volume, mount object.Value) []File {
	o := w.config("ConfigMap", volume.Get("configMap", "name").Text())
	items := volume.Get("configMap", "items")
	if o == nil {
		name := volume.Get("secret", "secretName").Text() + volume.Get("secret", "name").Text() // a projected one has name
		o, items = w.config("Secret", name), volume.Get("secret", "items")
	}
	if o == nil {
		return nil
	}
	data := dataOf(o)
	places := map[string]string{} // the key by the path of its file
	for name := range data {
		places[name] = name
	}
	if items.Present() {
		clear(places)
		for _, item := range items.Items() {
			if _, has := data[item.Get("key").Text()]; has {
				places[item.Get("path").Text()] = item.Get("key").Text()
			}
		}
	}
	at, only := mount.Get("mountPath").Text(), mount.Get("subPath").Text()
	var all []File
	for _, place := range slices.Sorted(maps.Keys(places)) {
		name := places[place]
		file := File{path.Join(at, place), data[name], name + " in " + o.Kind + " " + o.Name}
		if only != "" {
			rest, within := strings.CutPrefix(place, only)
			if !within || rest != "" && rest[0] != '/' {
				continue
			}
			file.path = path.Join(at, rest)
		}
		all = append(all, file)
	}
	return all
}
