package output

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint"
	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/version"
)

// The part of SARIF 2.1.0 that is written, under the names of the standard:
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Invocations []sarifInvocation `json:"invocations"`
		Results     []sarifResult     `json:"results"`
		ColumnKind  string            `json:"columnKind"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		InformationURI string      `json:"informationUri"`
		Version        string      `json:"version"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID                   string       `json:"id"`
		ShortDescription     sarifMessage `json:"shortDescription"`
		FullDescription      sarifMessage `json:"fullDescription"`
		Help                 sarifHelp    `json:"help"`
		HelpURI              string       `json:"helpUri"`
		DefaultConfiguration sarifLevel   `json:"defaultConfiguration"`
	}
	sarifLevel struct {
		Level string `json:"level"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifHelp struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown"`
	}
	sarifInvocation struct {
		ExecutionSuccessful bool                `json:"executionSuccessful"` // all was read
		Notifications       []sarifNotification `json:"toolExecutionNotifications"`
	}
	sarifNotification struct {
		Level   string       `json:"level"`
		Message sarifMessage `json:"message"`
	}
	sarifResult struct {
		RuleID              string            `json:"ruleId"`
		RuleIndex           int               `json:"ruleIndex"`
		Level               string            `json:"level"`
		Message             sarifMessage      `json:"message"`
		Locations           []sarifLocation   `json:"locations"`
		PartialFingerprints map[string]string `json:"partialFingerprints"`
	}
	sarifLocation struct {
		PhysicalLocation sarifPhysical  `json:"physicalLocation"`
		LogicalLocations []sarifLogical `json:"logicalLocations"`
	}
	sarifPhysical struct {
		ArtifactLocation sarifArtifact `json:"artifactLocation"`
		Region           sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int          `json:"startLine"`
		StartColumn int          `json:"startColumn"`
		Snippet     sarifMessage `json:"snippet"`
	}
	sarifLogical struct {
		FullyQualifiedName string `json:"fullyQualifiedName"` // the object
		Kind               string `json:"kind"`
	}
)

const (
	sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	home        = "https://github.com/lameduck-dev/lameduck"
	// fingerprint is the name and the version of how fingerprints are made.
	fingerprint = "lameduck/v1"
)

var levels = map[lint.Severity]string{lint.Error: "error", lint.Warning: "warning", lint.Info: "note"}

// SARIF writes the Static Analysis Results Interchange Format, which code scanning of
// GitHub and others read.
func SARIF(w io.Writer, r *Result) error {
	run := sarifRun{
		ColumnKind:  "unicodeCodePoints",
		Tool:        sarifTool{sarifDriver{Name: "lameduck", InformationURI: home, Version: version.String()}},
		Invocations: []sarifInvocation{{len(r.Unread) == 0, []sarifNotification{}}},
		Results:     []sarifResult{},
	}
	index := map[string]int{}
	for _, rule := range lint.Rules() {
		index[rule.ID] = len(run.Tool.Driver.Rules)
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRuleOf(rule))
	}
	seen := map[string]int{}
	for i := range r.Findings {
		run.Results = append(run.Results, sarifResultOf(r, &r.Findings[i], index, seen))
	}
	notes := &run.Invocations[0].Notifications
	for _, err := range r.Unread {
		*notes = append(*notes, sarifNotification{"error", sarifMessage{err.Error()}})
	}
	for _, line := range skips(r.Skipped) {
		*notes = append(*notes, sarifNotification{"note", sarifMessage{"skipped " + line}})
	}
	return encode(w, sarifLog{sarifSchema, "2.1.0", []sarifRun{run}})
}

func sarifRuleOf(rule lint.Rule) sarifRule {
	var sources, links strings.Builder
	for _, s := range rule.Sources {
		fmt.Fprintf(&sources, "\n%s", s)
		fmt.Fprintf(&links, "\n- <%s>", s)
	}
	return sarifRule{
		ID: rule.ID, HelpURI: home + "/blob/main/docs/RULES.md#" + rule.ID, DefaultConfiguration: sarifLevel{levels[rule.Severity]},
		ShortDescription: sarifMessage{rule.Title + "."}, FullDescription: sarifMessage{rule.Why},
		Help: sarifHelp{rule.Why + "\n" + sources.String(), rule.Why + "\n" + links.String()},
	}
}

// sarifResultOf is one finding. seen counts what has the same fingerprint so far.
func sarifResultOf(r *Result, f *lint.Finding, index, seen map[string]int) sarifResult {
	line := r.line(f)
	// Without line numbers and messages: both may change while the mistake stays the same.
	hash := sha256.Sum256([]byte(strings.Join([]string{f.ID, filepath.ToSlash(f.File), f.Object, strings.TrimSpace(line)}, "\x00")))
	same := hex.EncodeToString(hash[:16])
	seen[same]++
	return sarifResult{
		RuleID: f.ID, RuleIndex: index[f.ID], Level: levels[f.Severity], Message: sarifMessage{sentences(f)},
		PartialFingerprints: map[string]string{fingerprint: fmt.Sprintf("%s:%d", same, seen[same])},
		Locations: []sarifLocation{{
			sarifPhysical{sarifArtifact{uri(f.File)}, sarifRegion{max(f.Line, 1), max(f.Column, 1), sarifMessage{line}}},
			[]sarifLogical{{f.Object, "object"}},
		}},
	}
}

// uri is a path as a reference: relative to the folder in which the tool runs, unless
// it is absolute.
func uri(path string) string {
	u := url.URL{Path: filepath.ToSlash(filepath.Clean(path))}
	if filepath.IsAbs(path) {
		u.Scheme = "file"
	}
	return u.String()
}
