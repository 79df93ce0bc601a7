"""Asks a switch for a port: plug.py CTL PORT [DATA-SOCKET].  Prints the name of the switch's socket, or why there is none."""

import os
import socket
import struct
import sys
import tempfile

control_path, port = sys.argv[1], int(sys.argv[2])
foreign = sys.argv[3] if len(sys.argv) > 3 else None
own = os.path.join(tempfile.mkdtemp(), "data")
data = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
data.bind(own)
control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
control.settimeout(20)
try:
    control.connect(control_path)
    address = struct.pack("=H108s", socket.AF_UNIX, (foreign or own).encode())
    control.sendall(struct.pack("=III", 0xFEEDFACE, 3, port << 8) + address + b"plug.py")
    answer = control.recv(110)
    name = answer[2:].split(b"\0")[0].decode()
    print(os.path.basename(name)[:3] if answer else "refused")
except OSError as error:
    print(type(error).__name__)
finally:
    os.unlink(own)
    os.rmdir(os.path.dirname(own))
