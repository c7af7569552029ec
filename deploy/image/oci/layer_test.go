package oci

import (
	"archive/tar"
	"errors"
	"io"
	"slices"
	"testing"
)

// TestLayer: every folder comes once and before what is in it, and no other user
// but root can write.
func TestLayer(t *testing.T) {
	for _, plain := range []bool{false, true} {
		checkLayer(t, plain)
	}
}

func checkLayer(t *testing.T, plain bool) {
	t.Helper()
	layer, err := newLayer([]File{
		{Name: "usr/bin/run", Mode: 0o555, Data: []byte("run")},
		{Name: "usr/bin/again", Link: "run"},
		{Name: "usr/lib/a", Mode: 0o444},
		{Name: "lib", Link: "usr/lib"},
	}, plain)
	if err != nil {
		t.Fatal(err)
	}
	content, err := layer.Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	var got []string
	for r := tar.NewReader(content); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		got = append(got, h.FileInfo().Mode().String()+" "+h.Name+" "+h.Linkname)
		if h.Uid != 0 || h.Gid != 0 || h.ModTime.Unix() != 0 || h.Typeflag != tar.TypeSymlink && h.Mode&0o022 != 0 {
			t.Errorf("%+v", h)
		}
	}
	want := []string{
		"drwxr-xr-x usr/ ", "drwxr-xr-x usr/bin/ ", "-r-xr-xr-x usr/bin/run ", "L--------- usr/bin/again run",
		"drwxr-xr-x usr/lib/ ", "-r--r--r-- usr/lib/a ", "L--------- lib usr/lib",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestLayerRefusesNamesThatLeaveIt(t *testing.T) {
	for _, name := range []string{"", "/etc/passwd", "../up", "a/../../up"} {
		if _, err := newLayer([]File{{Name: name}}, false); err == nil {
			t.Errorf("%q was taken", name)
		}
	}
}
