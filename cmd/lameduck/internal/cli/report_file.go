package cli

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/report"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/savefile"
)

// reportFormats are the forms of the file of --report, by the ending of its name.
var reportFormats = map[string]func(io.Writer, *report.Report) error{
	".json": report.JSON,
}

// checkReportFile finds what is wrong with the file before a trial and not after
// it: the ending is not known, or no file can be made in the folder.
func checkReportFile(path string) error {
	if _, err := reportFormat(path); err != nil {
		return err
	}
	f, err := savefile.Create(path, 0o644)
	if err != nil {
		return unwritable("report", err)
	}
	return f.Discard()
}

func reportFormat(path string) (func(io.Writer, *report.Report) error, error) {
	ending := strings.ToLower(filepath.Ext(path))
	if write, ok := reportFormats[ending]; ok {
		return write, nil
	}
	err := fmt.Errorf("cannot save a report as %q: the ending %q is not known", path, ending)
	if ending == "" {
		err = fmt.Errorf("cannot save a report as %q: the name has no ending", path)
	}
	return nil, hint.New(err, "the ending chooses the format; known: "+strings.Join(slices.Sorted(maps.Keys(reportFormats)), ", "))
}

// saveReport writes the report to a file in the form its ending names. The file
// is written completely or not at all.
func saveReport(path string, r *report.Report) error {
	write, err := reportFormat(path)
	if err != nil {
		return err
	}
	f, err := savefile.Create(path, 0o644)
	if err != nil {
		return unwritable("report", err)
	}
	if err := write(f, r); err != nil {
		return errors.Join(unwritable("report", err), f.Discard())
	}
	return unwritable("report", f.Commit())
}
