# SPDX-License-Identifier: BSD-2-Clause
"""A small userland of what is installed here, as an initramfs: programs and libraries, Python, bats, vmprof."""

import glob
import lzma
import os
import re
import shutil
import stat
import subprocess

import packages

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HERE = "/vm/vmprof"  # where the source tree is in a guest

PROGRAMS = """
    bash sh cat chmod cp cut date dirname basename env expr false head id ln ls mkdir mkfifo mktemp mv nproc printf
    readlink realpath rm rmdir seq sleep sort stat stty tail tee test timeout touch tr true tty uname uniq wc tac
    md5sum yes diff awk grep sed find xargs ps pgrep pkill getent kill
    mount umount taskset setpriv flock unshare chrt swapon swapoff mkswap ip nl getopt bpftool python3 sysctl
""".split()
# Of Python's library, what no test uses.
NOT_NEEDED = re.compile(
    r"/(test|idlelib|tkinter|ensurepip|lib2to3|pydoc_data|distutils|dist-packages|site-packages|config-[^/]*|turtledemo"
    r"|unittest|sqlite3|asyncio|venv|dbm|curses|wsgiref|xmlrpc|multiprocessing|_pyrepl)(/|$)"
    r"|/lib-dynload/(_ssl|_hashlib|_sqlite3|_curses|_tkinter|readline|_dbm|_gdbm|nis|_crypt|_test|_xx|xx)"
    r"|\.opt-[12]\.pyc$"
)
TREE = ["vmprof", "build/tests/work/work", "workloads/mem/memwork", "tests/e2e", "tests/lib", "tests/vm"]


class Image:
    """A newc archive in memory: the only format of initramfs that needs no tool."""

    def __init__(self):
        self.parts = []
        self.names = set()

    def _entry(self, name, mode, data=b"", mtime=0, device=(0, 0)):
        name = name.strip("/")
        if name in self.names:
            return
        self.names.add(name)
        if "/" in name:
            self.directory(os.path.dirname(name))
        number = len(self.names)
        fields = (number, mode, 0, 0, 1, int(mtime), len(data), 0, 0, *device, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        self.parts += [head + b"\0" * (-len(head) % 4), data + b"\0" * (-len(data) % 4)]

    def directory(self, name, mode=0o755):
        self._entry(name, stat.S_IFDIR | mode)

    def link(self, name, to):
        self._entry(name, stat.S_IFLNK | 0o777, to.encode())

    def data(self, name, data, mode=0o644):
        self._entry(name, stat.S_IFREG | mode, data)

    def console(self):
        """What the kernel opens before it runs /init."""
        self._entry("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))

    def file(self, source, name=None):
        with open(source, "rb") as file:
            info = os.fstat(file.fileno())
            # Python believes a compiled module only if the time of its source is as noted in it.
            self._entry(name or source, stat.S_IFREG | stat.S_IMODE(info.st_mode), file.read(), info.st_mtime)

    def tree(self, source, name=None, leave_out=None):
        for path, _, files in os.walk(source):
            for file in files:
                full = os.path.join(path, file)
                if not (leave_out and leave_out.search(full)):
                    self.file(full, (name or source) + full[len(source) :])

    def bytes(self):
        self._entry("TRAILER!!!", 0)
        return b"".join(self.parts)


def libraries(files):
    """All that these need, as the loader finds it."""
    out = subprocess.run(["ldd", *files], capture_output=True, text=True, check=False).stdout
    return sorted(set(re.findall(r"(?:=>|^\t)\s*(/\S+) \(0x", out, re.MULTILINE)))


def which(program):
    # Not what a user's PATH has before it: the packages' own.
    path = shutil.which(program, path="/usr/bin:/bin:/usr/sbin:/sbin")
    if not path:
        raise packages.Missing(f"{program} is not installed: make deps")
    return os.path.realpath(path)


def add_layout(image):
    for name in ("proc", "sys", "dev", "run", "mnt", "root", "etc"):
        image.directory(name)
    for name in ("tmp", "var/tmp"):
        image.directory(name, 0o1777)
    for name in ("bin", "sbin", "usr/sbin"):
        image.link(name, "/usr/bin")
    for name in ("lib", "lib64"):
        image.link(name, "usr/" + name)
    image.console()
    image.data("etc/passwd", b"root:x:0:0::/root:/bin/bash\nnobody:x:65534:65534::/:/bin/sh\n")
    image.data("etc/group", b"root:x:0:\nnogroup:x:65534:\n")
    image.data("etc/nsswitch.conf", b"passwd: files\ngroup: files\n")
    image.data("etc/hosts", b"127.0.0.1 localhost\n")


def in_usr(path):
    """Both /lib and /usr/lib mean the latter."""
    return path if path.startswith("/usr/") else "/usr" + path


def add_programs(image, extra):
    """Into one directory; one that goes by several names is found by all of them."""
    found = {program: which(program) for program in PROGRAMS}
    for program, path in found.items():
        image.file(path, "usr/bin/" + os.path.basename(path))
        if program != os.path.basename(path):
            image.link("usr/bin/" + program, os.path.basename(path))
    for path in libraries([*found.values(), *extra]):
        image.file(path, in_usr(path))


def add_python(image):
    # Not of a Python that a user's PATH may have before the system's.
    library = packages.run(which("python3"), "-c", "import sysconfig; print(sysconfig.get_path('stdlib'))").strip()
    image.tree(library, leave_out=NOT_NEEDED)
    image.file(which("bats"), "usr/bin/bats")
    for directory in ("/usr/lib/bats-core", "/usr/libexec/bats-core"):
        image.tree(directory)
    for directory in glob.glob("/usr/lib/locale/C.utf8"):
        image.tree(directory)
    dynamic = glob.glob(library + "/lib-dynload/*.so")
    return [path for path in dynamic if not NOT_NEEDED.search(path)]


def userland():
    """Everything that all guests share."""
    image = Image()
    add_layout(image)
    ours = [os.path.join(ROOT, name) for name in TREE]
    for source in ours:
        name = HERE + source[len(ROOT) :]
        if os.path.isdir(source):
            image.tree(source, name)
        elif os.path.exists(source):
            image.file(source, name)
        else:
            raise packages.Missing(f"{source[len(ROOT) + 1:]} is not there: make test-programs")
    add_programs(image, add_python(image) + [path for path in ours if os.path.isfile(path)])
    image.file(os.path.join(ROOT, "scripts/vm/init"), "init")
    return image


def module_content(path):
    with lzma.open(path) if path.endswith(".xz") else open(path, "rb") as file:
        return file.read()


def add_modules(image, kernel, wanted):
    """Modules with what they depend on, as /vm/modules/NN-NAME.ko: to be loaded in that order."""
    files = glob.glob(kernel.modules + "/kernel/**/*.ko*", recursive=True)
    by_name = {re.sub(r"\.ko.*", "", os.path.basename(path)).replace("-", "_"): path for path in files}
    order = {}

    def add(name):
        name = name.replace("-", "_")
        if name in order or name not in by_name:
            return  # it is built in
        content = module_content(by_name[name])
        needs = re.search(rb"\0depends=([^\0]*)\0", content)
        for need in filter(None, needs[1].decode().split(",") if needs else []):
            add(need)
        order[name] = content

    for name in wanted:
        add(name)
    for number, (name, content) in enumerate(order.items()):
        image.data(f"vm/modules/{number:02}-{name}.ko", content)
