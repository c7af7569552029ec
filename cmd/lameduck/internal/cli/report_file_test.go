package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/finding"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/hint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/report"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/timeline"
)

func TestSaveReport(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "run.JSON")
	r := report.New(report.NewCounts(&timeline.Run{}), finding.Diagnosis{})
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := saveReport(path, r); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := report.JSON(&want, r); err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Error("saved something else than JSON writes")
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestSaveReportRefuses(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "folder.json")
	if err := os.MkdirAll(filepath.Join(folder, "full"), 0o755); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ path, want, hint string }{
		"unknown ending": {"report.pdf", `cannot save a report as "report.pdf": the ending ".pdf" is not known`, "known: .json"},
		"no ending":      {"report", `cannot save a report as "report": the name has no ending`, "known: .json"},
		"no folder":      {filepath.Join(dir, "none", "x.json"), "save report: ", "a folder that exists"},
		"is a folder":    {folder, "save report: ", "a folder that exists"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := saveReport(test.path, report.New(report.NewCounts(&timeline.Run{}), finding.Diagnosis{}))
			if err == nil || !strings.HasPrefix(err.Error(), test.want) || !strings.Contains(hint.Of(err), test.hint) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, hint %q", err, hint.Of(err))
			}
			if left, _ := os.ReadDir(dir); len(left) != 1 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
	if checkReportFile(filepath.Join(t.TempDir(), "x.json")) != nil || checkReportFile("x.html") == nil || checkReportFile("no/such/x.json") == nil {
		t.Error("checkReportFile does not agree with saveReport")
	}
}
