"""Starts an nginx with the module for Lua as a child, which listens at a Unix socket in a temporary folder."""

import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

TIMEOUT = 30

# The folders that contain nginx and its module for Lua: where `bootstrap` unpacks the packages, and the system.
ROOTS = [os.path.join(os.environ.get("top_builddir", "build"), "nginx"), "/"]

CONFIGURATION = """
load_module {modules}/ndk_http_module.so;
load_module {modules}/ngx_http_lua_module.so;
worker_processes {workers};
daemon off;
pid {folder}/pid;
error_log {folder}/error.log warn;
{user}
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  lua_package_path "{lua_path};{root}/usr/share/lua/5.1/?.lua;;";
  lua_package_cpath "{lua_cpath};;";
  {http}
  server {{
    listen unix:{folder}/socket;
    {server}
  }}
}}
"""


def find():
    """Returns the program, the folder of its modules and the root of its files; or the reason why there is none."""
    for root in ROOTS:
        program = os.path.join(root, "usr/sbin/nginx")
        modules = os.path.join(root, "usr/lib/nginx/modules")
        if os.path.exists(program) and os.path.exists(os.path.join(modules, "ngx_http_lua_module.so")):
            return program, modules, root
    if not shutil.which("nginx") and not os.path.exists(os.path.join(ROOTS[0], "usr/sbin/nginx")):
        return "nginx is not installed"
    return "the module of nginx for Lua (libnginx-mod-http-lua) is not installed"


def user_directive():
    """Returns the directive for a user that may open the test's blocks: workers of root run as nobody otherwise."""
    return f"user {pwd.getpwuid(0).pw_name};" if os.geteuid() == 0 else ""


class Server:
    """An nginx with these parts of a configuration. LUA_PATH and LUA_CPATH are those of this process."""

    def __init__(self, http, server, workers=2):
        self.program, modules, root = find()
        self.folder = tempfile.mkdtemp(prefix="nginx-", dir="/tmp")  # the name of a socket has at most 107 bytes
        text = CONFIGURATION.format(
            modules=modules, workers=workers, folder=self.folder, user=user_directive(), root=root, http=http,
            server=server, lua_path=os.environ["LUA_PATH"].rstrip(";"), lua_cpath=os.environ["LUA_CPATH"].rstrip(";"))
        self.configuration = os.path.join(self.folder, "nginx.conf")
        with open(self.configuration, "w", encoding="utf-8") as file:
            file.write(text)
        folders = [*glob.glob(f"{root}/lib/*-linux-gnu*"), *glob.glob(f"{root}/usr/lib/*-linux-gnu*")] if root != "/" else []
        libraries = ":".join([*folders, os.environ.get("LD_LIBRARY_PATH", "")])
        self.process = subprocess.Popen(
            [self.program, "-p", self.folder, "-e", os.path.join(self.folder, "error.log"), "-c", self.configuration],
            env={**os.environ, "LD_LIBRARY_PATH": libraries.strip(":")})

    def __enter__(self):
        try:
            self.wait_for(self.listens, "did not start")
        except BaseException:
            self.__exit__()
            raise
        return self

    def listens(self):
        """Returns whether nginx accepts connections. The socket has its name before that."""
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(os.path.join(self.folder, "socket")) == 0

    def wait_for(self, condition, failure):
        """Waits until the condition is true."""
        end = time.monotonic() + TIMEOUT
        while not condition():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"nginx {failure}:\n{self.log()}")
            time.sleep(0.01)

    def log(self):
        """Returns the log of errors."""
        with open(os.path.join(self.folder, "error.log"), encoding="utf-8") as file:
            return file.read()

    def get(self, path, timeout=TIMEOUT):
        """Returns the body of an answer, or raises an error unless its status is 200."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(timeout)
            client.connect(os.path.join(self.folder, "socket"))
            client.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
            answer = b""
            while data := client.recv(65536):
                answer += data
        head, _, body = answer.decode().partition("\r\n\r\n")
        if " 200 " not in head.splitlines()[0]:
            raise RuntimeError(f"{path}: {head.splitlines()[0]}\n{self.log()}")
        return body

    def reload(self):
        """Makes nginx read its configuration again and replace its workers."""
        self.process.send_signal(signal.SIGHUP)

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder)
