// Package vocabulary checks the words of the repository: names, comments, messages,
// scripts and documents. It only parses, so it is quick.
package vocabulary

import (
	"fmt"
	"go/parser"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// bannedWords are words that this repository does not use, each with the reason or
// the word to use instead. They are looked for in identifiers (also as a part
// in camelCase), comments, strings, scripts and golden files.
var bannedWords = map[string]string{
	"at one time": "at the same time, or at once",
	"blind":       "maxWatchGap, or what cannot be seen",
	"calm":        "steady",
	"casualties":  "the requests that were cut",
	"census":      "podCounts",
	"condemn":     "restart, or stop",
	"conduct":     "behaviour; run a trial",
	"convict":     "a rule holds for a pod",
	"convicts":    "a rule holds for a pod",
	"crew":        "pool",
	"dies":        "exits, or is killed",
	"died":        "exited, or was killed",
	"farewell":    "the last message",
	"farewells":   "the last message",
	"glance":      "peek",
	"goodbye":     "Connection: close, GOAWAY, an announced end",
	"goodbyes":    "Connection: close, GOAWAY, an announced end",
	"hear":        "receive",
	"heard":       "received",
	"heed":        "handle",
	"heeded":      "counts",
	"hears":       "receives",
	"lane":        "patternRun",
	"lived":       "ran",
	"lives":       "runs",
	"nobody":      "name the subject: no process, no pod, no client",
	"obey":        "handle",
	"parted":      "closed",
	"said":        "a machine writes, sends, reports or returns",
	"say":         "a machine writes, sends, reports or returns; for example",
	"saying":      "a machine writes, sends, reports or returns",
	"says":        "a machine writes, sends, reports or returns",
	"rehearse":    "warmUp",
	"scene":       "a trial",
	"scenes":      "trials",
	"sentenced":   "dropsAfterT0",
	"somebody":    "the user, another process",
	"speaks":      "supports, uses",
	"spoken":      "supported",
	"theatre":     "simulation",
	"told":        "signalled, reported, asked to close",
	"tells":       "shows, reports, distinguishes",
	"twin":        "replica",
	"twins":       "replicas",
	"vain":        "without a result",
	"everybody":   "name the subject: every client, every user",
	"everyone":    "name the subject: every client, every user",
	"whoever":     "name the subject",
	"whom":        "name the subject",
	"witness":     "addEvent",
	"witnesses":   "events",
	"begin of":    "the start of",
	"furnish":     "mount, set up",
	"guests":      "clients",
	"last words":  "last output",
	"mid-life":    "outside a termination",
	"turned away": "refused, not accepted",
}

// contracts are uses of banned words that cannot change.
var contracts = []string{
	"not-ready-when-told",       // the ID of a finding
	`"heard"`,                   // a field of the workers' protocol
	`Connection died, retrying`, // a message of curl
	"ong-lived",                 // connections: the usual term
}

// wordOf splits a text into words, and identifiers into their parts.
var wordOf = regexp.MustCompile(`[A-Z]?[a-z]+|[A-Z]+`)

// phrases are the banned entries of more than one word.
func phrases() (all []string) {
	for w := range bannedWords {
		if strings.ContainsFunc(w, func(r rune) bool { return !unicode.IsLetter(r) }) {
			all = append(all, w)
		}
	}
	return all
}

// banned lists the banned words in a text.
func banned(text string) (found []string) {
	for _, c := range contracts {
		text = strings.ReplaceAll(text, c, "")
	}
	for _, w := range wordOf.FindAllString(text, -1) {
		if _, no := bannedWords[strings.ToLower(w)]; no {
			found = append(found, strings.ToLower(w))
		}
	}
	return append(found, bannedPhrases(text)...)
}

// bannedPhrases lists those in a text, also where a line ends within one.
func bannedPhrases(text string) (found []string) {
	text = strings.ToLower(strings.Join(strings.Fields(text), " "))
	for _, p := range phrases() {
		if strings.Contains(text, p) {
			found = append(found, p)
		}
	}
	return found
}

// root is the repository's folder, and notOurs those in it that are made.
const root = "../../../.."

var notOurs = []string{".git", "bin", "dist"}

// TestVocabulary looks for banned words in the files of the repository: one word for one thing, and the terms of the field.
func TestVocabulary(t *testing.T) {
	t.Parallel()
	checked := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && slices.Contains(notOurs, d.Name()):
			return filepath.SkipDir
		case d.IsDir() || d.Name() == "vocabulary_test.go":
			return nil
		}
		switch filepath.Ext(path) {
		case ".go":
			checked++
			return checkGo(t, path)
		case ".txtar", ".txt", ".json", ".md", ".yaml":
			checked++
			return checkText(t, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if checked < 1000 {
		t.Errorf("only %d files were checked", checked)
	}
}

func checkText(t *testing.T, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		report(t, fmt.Sprintf("%s:%d", path, n), line)
	}
	if len(bannedPhrases(string(text))) > 0 { // one may be in two lines, which have none
		report(t, path, string(text))
	}
	return nil
}

// checkGo checks the tokens that people read: identifiers, comments, strings.
func checkGo(t *testing.T, path string) error {
	src, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, path, src, parser.SkipObjectResolution|parser.ParseComments)
	if err != nil {
		return err
	}
	for _, comment := range parsed.Comments {
		report(t, files.Position(comment.Pos()).String(), comment.Text())
	}
	var s scanner.Scanner
	file := files.AddFile(path, -1, len(src))
	s.Init(file, src, nil, 0)
	for {
		pos, kind, text := s.Scan()
		switch kind {
		case token.EOF:
			return nil
		case token.IDENT, token.STRING:
			report(t, files.Position(pos).String(), text)
		}
	}
}

func report(t *testing.T, where, text string) {
	t.Helper()
	for _, word := range banned(text) {
		t.Errorf("%s: %q; better: %s", where, word, bannedWords[word])
	}
}

// TestBanned: the check itself finds words in every form.
func TestBanned(t *testing.T) {
	for text, want := range map[string][]string{
		"cutUntold(whenTold)":                {"told"},
		"// Nobody says goodbye":             {"nobody", "says", "goodbye"},
		`"its last words were %q"`:           {"last words"},
		"an error with its last\nwords":      {"last words"},
		"a finding: not-ready-when-told":     nil,
		"the pod was signalled, and exited.": nil,
	} {
		if got := banned(text); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
