package model

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/lameduck-dev/lameduck/cmd/lameduck/internal/lint/script"
)

// Dockerfile is what an image starts, as its Dockerfile has it.
type Dockerfile struct {
	Name string // of the file, for messages
	// Image is the image that is built from it, without a tag; "" means each image of
	// the set that is not an official one.
	Image string
	Base  string // the image after FROM, of the last stage
	// Entrypoint and Cmd are the words that are started, those of a shell form with the
	// shell. With ShellForm the ENTRYPOINT ignores CMD and the args of a manifest.
	Entrypoint, Cmd []string
	ShellForm       bool
	StopSignal      string // "SIGQUIT"; "" where it has none
}

// stage is one part of a Dockerfile, from one FROM to the next.
type stage struct {
	Dockerfile
	shell  []string
	values map[string]string // of ARG and ENV
}

// ReadDockerfile reads the last stage of a Dockerfile, with what that inherits from the
// stages before it.
func ReadDockerfile(name string, text []byte) (Dockerfile, error) {
	stages := map[string]*stage{}
	last := &stage{values: map[string]string{}} // the ARGs before FROM
	global := last.values
	for _, line := range dockerLines(string(text)) {
		instruction, rest, _ := strings.Cut(line, " ")
		instruction, rest = strings.ToUpper(instruction), strings.TrimSpace(rest)
		switch {
		case instruction == "FROM":
			last = newStage(rest, stages, global)
		case last.Base == "" && instruction != "ARG":
			return Dockerfile{}, fmt.Errorf("%s: %s comes before FROM", name, instruction)
		default:
			last.read(instruction, rest)
		}
	}
	if last.Base == "" {
		return Dockerfile{}, fmt.Errorf("%s: there is no FROM", name)
	}
	last.Name = name
	return last.Dockerfile, nil
}

// newStage reads the words after FROM: --platform=..., an image or a stage, AS name.
func newStage(rest string, stages map[string]*stage, global map[string]string) *stage {
	words := strings.Fields(rest)
	for len(words) > 0 && strings.HasPrefix(words[0], "--") {
		words = words[1:]
	}
	s := &stage{shell: []string{"/bin/sh", "-c"}, values: maps.Clone(global)}
	if len(words) > 0 {
		s.Base = substitute(words[0], global)
	}
	if before := stages[strings.ToLower(s.Base)]; before != nil {
		copied := *before
		s, s.values = &copied, maps.Clone(before.values)
	}
	if len(words) == 3 && strings.EqualFold(words[1], "AS") {
		stages[strings.ToLower(words[2])] = s
	}
	return s
}

func (s *stage) read(instruction, rest string) {
	switch instruction {
	case "ARG", "ENV":
		name, value, found := strings.Cut(rest, "=")
		if !found && instruction == "ENV" {
			name, value, _ = strings.Cut(rest, " ")
		}
		if found || instruction == "ENV" {
			s.values[strings.TrimSpace(name)] = strings.Trim(strings.TrimSpace(value), `"'`)
		}
	case "SHELL":
		if words, ok := execForm(rest); ok && len(words) > 0 {
			s.shell = words
		}
	case "ENTRYPOINT":
		s.Entrypoint, s.ShellForm = s.command(rest)
		s.Cmd = nil // one that is inherited is dropped
	case "CMD":
		s.Cmd, _ = s.command(rest)
	case "STOPSIGNAL":
		s.StopSignal = signalName(substitute(rest, s.values))
	}
}

// command reads the exec form, which is a list of JSON, or the shell form.
func (s *stage) command(rest string) (words []string, shellForm bool) {
	if words, ok := execForm(rest); ok {
		return words, false
	}
	return append(s.shell[:len(s.shell):len(s.shell)], rest), true
}

func execForm(rest string) (words []string, ok bool) {
	return words, strings.HasPrefix(rest, "[") && json.Unmarshal([]byte(rest), &words) == nil
}

// signalNames are the names of the signals that a STOPSIGNAL may have as a number.
var signalNames = map[string]string{"2": "SIGINT", "3": "SIGQUIT", "9": "SIGKILL", "10": "SIGUSR1", "12": "SIGUSR2", "15": "SIGTERM", "28": "SIGWINCH", "37": "SIGRTMIN+3"}

// signalName is SIGQUIT for quit, QUIT and 3.
func signalName(text string) string {
	text = strings.ToUpper(strings.Trim(text, `"'`))
	if name := signalNames[text]; name != "" {
		return name
	}
	return "SIG" + strings.TrimPrefix(text, "SIG")
}

// substitute puts the values of ARG and ENV in the place of $NAME and ${NAME:-value}.
func substitute(text string, values map[string]string) string {
	before, rest, found := strings.Cut(text, "$")
	if !found {
		return text
	}
	name, after, otherwise := rest, "", ""
	if inside, braces := strings.CutPrefix(rest, "{"); braces {
		name, after, _ = strings.Cut(inside, "}")
		name, otherwise, _ = strings.Cut(name, ":-")
	} else if end := strings.IndexFunc(rest, func(r rune) bool { return !script.IsName(string(r)) }); end >= 0 {
		name, after = rest[:end], rest[end:]
	}
	value := values[name]
	if value == "" {
		value = otherwise
	}
	return before + value + substitute(after, values)
}

// dockerLines are the instructions, each in one line: without comments, without the line
// ends after an escape character, and without here documents.
func dockerLines(text string) (lines []string) {
	escape, joined, until := `\`, "", ""
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		trimmed := strings.TrimSpace(line)
		switch comment, isComment := strings.CutPrefix(trimmed, "#"); {
		case until != "":
			if strings.TrimLeft(line, "\t") == until {
				until = ""
			}
			continue
		case isComment:
			if value, found := strings.CutPrefix(strings.ReplaceAll(strings.ToLower(comment), " ", ""), "escape="); found && len(lines) == 0 {
				escape = value
			}
			continue
		case trimmed == "":
			continue
		}
		if rest, more := strings.CutSuffix(trimmed, escape); more {
			joined += rest + " "
			continue
		}
		lines = append(lines, strings.TrimSpace(joined+trimmed))
		until, joined = hereDocument(joined+trimmed), ""
	}
	if joined != "" {
		lines = append(lines, strings.TrimSpace(joined))
	}
	return lines
}

// hereDocument is the word that ends the here document which the line begins; "" if it
// begins none.
func hereDocument(line string) string {
	instruction, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	if instruction = strings.ToUpper(instruction); instruction != "RUN" && instruction != "COPY" && instruction != "ADD" {
		return ""
	}
	_, word, found := strings.Cut(rest, "<<")
	word = strings.TrimLeft(word, "-")
	if !found || word == "" || word[0] == '<' || word[0] == ' ' {
		return ""
	}
	return strings.Trim(strings.Fields(word)[0], `"'`)
}
