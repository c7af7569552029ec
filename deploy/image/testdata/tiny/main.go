// Command tiny is the least that can be wrapped.
package main

func main() { println("tiny") }
