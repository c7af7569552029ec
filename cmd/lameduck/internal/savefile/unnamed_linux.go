package savefile

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// createUnnamed opens a file in the folder that has no name and is gone with
// the process (O_TMPFILE, open(2)); nil where the filesystem has no such files, such
// as NFS, or where /proc is missing, which link needs.
func createUnnamed(folder string) *os.File {
	f, err := os.OpenFile(folder, os.O_RDWR|unix.O_TMPFILE, 0o600)
	if err != nil {
		return nil
	}
	if _, err := os.Stat(inProc(f)); err != nil {
		f.Close()
		return nil
	}
	return f
}

func inProc(f *os.File) string { return fmt.Sprintf("/proc/self/fd/%d", f.Fd()) }

// link gives the file this name. The error is fs.ErrExist if a file has it.
func link(f *os.File, path string) error {
	err := unix.Linkat(unix.AT_FDCWD, inProc(f), unix.AT_FDCWD, path, unix.AT_SYMLINK_FOLLOW)
	if err != nil {
		return &os.LinkError{Op: "link", Old: f.Name(), New: path, Err: err}
	}
	return nil
}
