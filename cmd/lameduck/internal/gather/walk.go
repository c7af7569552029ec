package gather

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// endings are those of the files of a folder that are read.
var endings = []string{".yaml", ".yml", ".json"}

// walk reads a file, or all manifests below a folder. Links within a folder are
// followed to files alone: one to a folder could lead back. Hidden folders belong to
// programs.
func (m *Manifests) walk(root string) {
	info, err := os.Stat(root)
	if err == nil && !info.IsDir() {
		m.openFile(root)
		return
	}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			m.unread(path, err)
		case d.IsDir() && path != root && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case !d.IsDir() && slices.Contains(endings, strings.ToLower(filepath.Ext(path))) && isFile(path, d):
			m.openFile(path)
		}
		return nil
	})
	if err != nil {
		m.unread(root, err)
	}
}

// isFile reports whether the entry is a file, or a link to one. A link that leads
// nowhere is one that cannot be read.
func isFile(path string, d fs.DirEntry) bool {
	if d.Type()&fs.ModeSymlink == 0 {
		return d.Type().IsRegular()
	}
	info, err := os.Stat(path)
	return err != nil || info.Mode().IsRegular()
}
