package images

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// keep is how long an archive that is not asked for stays.
const keep = 24 * time.Hour

// cached returns the path of an archive called name that was made of content.
// It calls make, which writes the file completely or not at all, if there is none.
func cached(name string, make func(path string) error, content ...any) (string, error) {
	home, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(home, "netnskube", "images")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	key, err := json.Marshal(append(content, format))
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, fmt.Sprintf("%s-%.12x.tar", name, sha256.Sum256(key)))
	now := time.Now()
	if os.Chtimes(path, now, now) == nil { // it's there, and was asked for
		return path, nil
	}
	if err := make(path); err != nil {
		return "", err
	}
	return path, prune(dir, now.Add(-keep))
}

// format changes when the same content is to make another archive.
const format = 2

// prune removes the archives that were not asked for since.
func prune(dir string, since time.Time) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || info.ModTime().After(since) {
			continue // another process has removed it, or it is in use
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}
