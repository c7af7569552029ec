package output

import (
	"encoding/xml"
	"fmt"
	"io"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint"
)

// The elements of JUnit's XML that CI systems read. There is no specification; the
// format is that of Ant's task, https://github.com/windyroad/JUnit-Schema.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"` // the file
		Failure *junitProblem `xml:"failure"`
		Error   *junitProblem `xml:"error"`
		Skipped *junitProblem `xml:"skipped"`
		Output  string        `xml:"system-out,omitempty"`
	}
	junitProblem struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes a test suite for each file, and in it a test case for each finding, which has
// failed if the severity of the finding is that of --fail-on or above. A file without a
// finding has one test case, which has passed.
func JUnit(w io.Writer, r *Result) error {
	suites := map[string]*junitSuite{}
	var order []string
	add := func(file string, c junitCase) {
		if suites[file] == nil {
			suites[file] = &junitSuite{Name: file}
			order = append(order, file)
		}
		suites[file].add(c)
	}
	for i := range r.Findings {
		add(r.Findings[i].File, caseOf(r, &r.Findings[i]))
	}
	for _, s := range r.Skipped {
		add(s.File, junitCase{Name: fmt.Sprintf("line %d", s.Line), Class: s.File, Skipped: &junitProblem{Message: s.Why}})
	}
	for _, err := range r.Unread {
		add("not read", junitCase{Name: "read", Class: "not read", Error: &junitProblem{Message: err.Error(), Type: "unread"}})
	}
	for _, f := range r.Files {
		if suites[f.Name] == nil {
			add(f.Name, junitCase{Name: "no findings", Class: f.Name})
		}
	}
	all := junitSuites{Name: "lameduck lint"}
	for _, file := range order {
		s := suites[file]
		all.Tests, all.Failures, all.Errors = all.Tests+s.Tests, all.Failures+s.Failures, all.Errors+s.Errors
		all.Suites = append(all.Suites, *s)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (s *junitSuite) add(c junitCase) {
	s.Cases = append(s.Cases, c)
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
}

func caseOf(r *Result, f *lint.Finding) junitCase {
	c := junitCase{Name: f.ID + ": " + f.Object, Class: f.File}
	text := fmt.Sprintf("%s:%d:%d: %s", f.File, f.Line, f.Column, sentences(f))
	if r.Fails(f) {
		c.Failure = &junitProblem{Message: f.Summary, Type: string(f.Severity), Text: text}
	} else {
		c.Output = text
	}
	return c
}
