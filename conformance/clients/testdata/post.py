"""Posts on one connection of http.client until the termination is over.

http.client sends nothing twice: a request that fails raises an exception.
"""

import http.client
import sys
import time

host, port = sys.argv[1].rsplit(":", 1)
connection = http.client.HTTPConnection(host, int(port), timeout=30)
requests = connections = closeAsked = 0
left = 5000
while left > 0:
    left -= 1
    if connection.sock is None:
        connections += 1
    connection.request("POST", "/", body=b"x")
    response = connection.getresponse()
    response.read()
    if response.status != 200:
        sys.exit(f"request {requests}: {response.status}")
    requests += 1
    if response.getheader("Connection") == "close":
        closeAsked += 1
    if response.getheader("Termination") == "over":
        left = min(left, 10)
    time.sleep(0.005)
print(requests, connections, closeAsked)
