using System.Globalization;
using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary>Hosts of one user on a stock switch share a process, which must not show in anything but speed and memory.</summary>
internal sealed class SharedHostTests() : WireTest(WireKind.StockSwitch)
{
    /// <summary>Also where there are so many processors that it is not the default.</summary>
    private static readonly string[] Shared = ["--process", "shared"];

    private static readonly string[] ReaderCommand = ["sh", "-c", "echo ready; read -r line"];

    [SetUp]
    public void AskForDescriptors()
    {
        string[] limit = File.ReadLines("/proc/self/limits").First(line => line.StartsWith("Max open files", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (int.TryParse(limit[^2], CultureInfo.InvariantCulture, out int most) && most < 16_384)
            Assert.Ignore($"hosts share from 16,384 descriptors on, and ulimit -Hn says {most}");
    }

    [Test]
    public void Hosts_on_one_switch_share_a_process_that_ends_with_the_last()
    {
        RunningProgram first = StartReader();
        RunningProgram second = StartReader();
        HostProcess shared = HostProcess.Of(first);
        HostProcess other = HostProcess.Of(second);
        Assert.That(other.Id, Is.EqualTo(shared.Id));

        first.WriteLine("end");
        first.Succeed();
        shared.WaitForEnd();
        Assert.That(other.IsAlive, Is.True);
        RunningProgram third = StartReader();
        Assert.That(HostProcess.Of(third).Id, Is.EqualTo(shared.Id), "it takes hosts for as long as it has one");

        foreach (RunningProgram program in new[] { second, third })
        {
            program.WriteLine("end");
            program.Succeed();
        }
        Eventually.True(() => !Directory.Exists($"/proc/{shared.Id}"), () => "the end of the process");
    }

    [Test]
    public void Who_comes_second_to_the_name_has_it_next()
    {
        RunningProgram first = StartReader();
        HostProcess holder = HostProcess.Of(first);
        RunningProgram.Signal(holder.Id, RunningProgram.SigStop); // so that it takes nobody
        HostProcess next = HostProcess.Of(StartReader());
        Assert.That(next.Id, Is.Not.EqualTo(holder.Id));
        Assert.That(FindSharedName(next.Id), Is.Null);

        RunningProgram.Signal(holder.Id, RunningProgram.SigContinue);
        first.WriteLine("end");

        Eventually.True(() => FindSharedName(next.Id) is not null, () => "the name of the one that has ended");
        Assert.That(HostProcess.Of(StartReader()).Id, Is.EqualTo(next.Id));
    }

    [Test]
    public void A_killed_program_takes_nothing_from_its_neighbours()
    {
        string address = Wire.FreshAddress();
        Wire.Write("site/index.html", "page");
        RunningProgram killed = StartReader();
        RunningProgram server = Wire.RunWith([.. Shared, "-a", address], Programs.Python, "-m", "http.server", "80", "--directory", Wire.PathOf("site"));
        Wire.WaitUntilListening(address, 80);
        Assert.That(HostProcess.Of(server).Id, Is.EqualTo(HostProcess.Of(killed).Id));

        EndHostOf(killed, () => HostProcess.Kill(killed.Id));

        Assert.That(Curl($"http://{address}/"), Is.EqualTo("page\n"));
    }

    [Test]
    public void Who_wants_a_process_of_his_own_gets_it()
    {
        RunningProgram shared = StartReader();
        RunningProgram own = Wire.RunWith(["--process", "own", "-a", Wire.FreshAddress()], ReaderCommand);
        own.WaitForOutput("ready");
        RunningProgram another = StartReader();

        Assert.That(HostProcess.Of(own).Id, Is.Not.EqualTo(HostProcess.Of(shared).Id));
        Assert.That(HostProcess.Of(another).Id, Is.EqualTo(HostProcess.Of(shared).Id));
    }

    [TestCase("nice", "-n", "5")]
    [TestCase("prlimit", "--nofile=1024:1024")]
    [TestCase("prlimit", "--cpu=1000")]
    [TestCase("setpriv", "--no-new-privs")]
    [TestCase("taskset", "1")]
    [TestCase("env", "XDG_RUNTIME_DIR=/nowhere")]
    public void Launchers_that_run_under_other_terms_share_nothing(params string[] prefix)
    {
        Assume.That(prefix[0] != "taskset" || Environment.ProcessorCount > 1, "there is another processor to leave out");
        HostProcess shared = HostProcess.Of(StartReader());
        string[] launch = [.. prefix[1..], Repository.PycoRun, .. Shared, "-a", Wire.FreshAddress(), "-f", Wire.Control, "--", .. ReaderCommand];
        RunningProgram other = Wire.Start(prefix[0], launch);
        other.WaitForOutput("ready");

        Assert.That(HostProcess.Of(other).Id, Is.Not.EqualTo(shared.Id));
    }

    [TestCase("--nofile=1024:1024", TestName = "Where_a_host_could_have_too_few_descriptors_each_has_a_process")]
    [TestCase("--cpu=1000", TestName = "Who_has_a_budget_keeps_it_for_himself")]
    [TestCase("--fsize=1000000", TestName = "Who_may_write_files_of_some_length_only_ends_nobody_else")]
    public void Each_has_a_process(string limit)
    {
        RunningProgram[] programs = [.. Enumerable.Range(0, 2).Select(_ =>
            Wire.Start("prlimit", [limit, Repository.PycoRun, .. Shared, "-a", Wire.FreshAddress(), "-f", Wire.Control, "--", .. ReaderCommand]))];
        foreach (RunningProgram program in programs)
            program.WaitForOutput("ready");

        Assert.That(programs.Select(program => HostProcess.Of(program).Id), Is.Unique);
    }

    [Test]
    public void A_process_that_is_stopped_is_not_waited_for_and_takes_nothing_later()
    {
        RunningProgram first = StartReader();
        HostProcess stopped = HostProcess.Of(first);
        RunningProgram.Signal(stopped.Id, RunningProgram.SigStop);
        string address = Wire.FreshAddress();
        RunningProgram second = Wire.RunWith([.. Shared, "-a", address], ReaderCommand);
        second.WaitForOutput("ready");

        RunningProgram.Signal(stopped.Id, RunningProgram.SigContinue);

        Assert.That(HostProcess.Of(second).Id, Is.Not.EqualTo(stopped.Id));
        HostProcess third = HostProcess.Of(StartReader());
        Assert.That(third.Id, Is.EqualTo(stopped.Id), "it is asked again, and has seen what came before");
        RunningProgram conflict = Wire.RunWith([.. Shared, "-a", address], "true");
        Assert.That(conflict.WaitForExit(), Is.EqualTo(125), "the address is the second's");
        second.WriteLine("end");
        second.Succeed();
    }

    [Test]
    public void A_switch_that_does_not_answer_stops_only_who_asks_it()
    {
        RunningProgram program = Wire.RunWith([.. Shared, "-a", Wire.FreshAddress()], Programs.Python, "-u", "-c", """
            import socket, sys
            listener = socket.create_server(("127.0.0.1", 7))
            client = socket.create_connection(("127.0.0.1", 7))
            server = listener.accept()[0]
            print("ready")
            for line in sys.stdin:
                client.sendall(line.encode())
                print("echo", server.recv(4096).decode(), end="")
            """);
        program.WaitForOutput("ready");
        HostProcess shared = HostProcess.Of(program);
        int descriptors = shared.OpenDescriptors;
        Wire.StopSwitch();
        RunningProgram waiting = Wire.RunWith([.. Shared, "-a", Wire.FreshAddress()], ReaderCommand);
        Eventually.True(() => shared.OpenDescriptors > descriptors, () => "the order");

        program.WriteLine("meanwhile");
        program.WaitForOutput("echo meanwhile\n");
        waiting.Signal(RunningProgram.SigKill);
        Eventually.True(() => shared.OpenDescriptors == descriptors, () => $"{descriptors} descriptors instead of {shared.OpenDescriptors}");

        Wire.ContinueSwitch();
        Assert.That(HostProcess.Of(StartReader()).Id, Is.EqualTo(shared.Id));
    }

    [Test]
    public void Each_user_reads_what_his_own_host_has_to_say()
    {
        string address = Wire.FreshAddress();
        RunningProgram first = Wire.RunWith(["-v", .. Shared, "-a", address], ReaderCommand);
        first.WaitForOutput("ready");
        RunningProgram second = Wire.RunWith(["-v", .. Shared, "-a", Wire.FreshAddress()], ReaderCommand);
        second.WaitForOutput("ready");
        Assert.That(HostProcess.Of(second).Id, Is.EqualTo(HostProcess.Of(first).Id));
        RunningProgram conflict = Wire.RunWith([.. Shared, "-a", address], "true");

        Assert.That(conflict.WaitForExit(), Is.EqualTo(125));
        Assert.That(conflict.Errors, Does.Contain($"address {address} is in use"));
        Assert.That(first.Errors, Does.Contain("port 1").And.Not.Contain("port 2").And.Not.Contain("is in use"));
        Assert.That(second.Errors, Does.Contain("port 2").And.Not.Contain("port 1"));

        EndHostOf(first, () => first.WriteLine("end")); // whose standard error was the process's own
        Wire.KillSwitch();

        Eventually.True(() => second.Errors.Contains("is gone", StringComparison.Ordinal), () => "the word to the one that is left");
        Assert.That(first.Errors, Does.Not.Contain("is gone"));
    }

    [Test]
    public void A_pipeline_ends_with_its_program()
    {
        StartReader();

        RunningProgram pipeline = Wire.Start(
            "sh", "-c", "\"$0\" -v --process shared -a \"$1\" -f \"$2\" -- echo done 2>&1 | cat", Repository.PycoRun, Wire.FreshAddress(), Wire.Control);

        Assert.That(pipeline.Succeed(), Does.Contain("plugged into").And.EndWith("done\n"));
    }

    [Test]
    public void A_captured_host_s_frames_are_in_its_own_file()
    {
        string server = Wire.FreshAddress();
        string client = Wire.FreshAddress();
        Wire.Write("site/index.html", "page");
        Wire.ServePython(server, Wire.PathOf("site"));
        string trace = Wire.PathOf("trace.pcapng");

        RunningProgram fetch = Wire.RunWith([.. Shared, "-a", client, "--pcap", trace], "sh", "-c", $"curl -sS http://{server}/; echo; read -r line");
        fetch.WaitForOutput("page");
        EndHostOf(fetch, () => fetch.WriteLine("end"));

        string frames = Wire.Start("tshark", "-r", trace, "-T", "fields", "-e", "ip.src", "-Y", "http").Succeed();
        Assert.That(frames, Is.EqualTo($"{client}\n{server}\n"));
    }

    [Test]
    public void A_host_is_no_business_of_a_supervisor_who_waits_for_other_processes()
    {
        RunningProgram first = Wire.Start(Programs.Python, ["-c", """
            import ctypes, os, subprocess, sys
            PR_SET_CHILD_SUBREAPER = 36
            ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
            subprocess.run(sys.argv[1:])
            try:
                while True:
                    os.wait()
            except ChildProcessError:
                print("alone", flush=True)
            """, Repository.PycoRun, .. Shared, "-a", Wire.FreshAddress(), "-f", Wire.Control, "--", .. ReaderCommand]);
        first.WaitForOutput("ready");
        StartReader();

        first.WriteLine("end");

        first.WaitForOutput("alone");
        first.Succeed();
    }

    [Test]
    [NeedsRoot]
    public void A_stranger_who_has_the_name_is_not_believed()
    {
        HostProcess shared = HostProcess.Of(StartReader());
        string name = SharedName(shared);
        HostProcess.Kill(shared.Id);
        shared.WaitForEnd();
        RunningProgram squatter = Wire.Start("setpriv", "--reuid=nobody", "--clear-groups", Programs.Python, "-u", "-c", """
            import socket, sys
            listener = socket.socket(socket.AF_UNIX)
            listener.bind("\0" + sys.argv[1])
            listener.listen()
            print("listens")
            while True:
                connection = listener.accept()[0]
                print("heard", connection.recv(100))
            """, name);
        squatter.WaitForOutput("listens");

        StartReader();
        squatter.WaitForOutput("heard b''");

        Assert.That(squatter.Output, Does.Not.Contain("join"));
    }

    [TestCase("setpriv", "--reuid=nobody", "--clear-groups", TestName = "Another_user_is_not_heard")]
    [TestCase("setpriv", "--no-new-privs", TestName = "Who_may_do_less_is_not_heard")]
    [TestCase("unshare", "--mount", TestName = "Who_sees_other_files_is_not_heard")]
    [TestCase("env", TestName = "Another_program_is_not_heard")]
    [NeedsRoot]
    public void A_stranger_is_not_heard(params string[] prefix)
    {
        string name = SharedName(HostProcess.Of(StartReader()));

        string[] stranger = [.. prefix[1..], Programs.Python, "-c", """
            import socket, sys
            s = socket.socket(socket.AF_UNIX)
            s.settimeout(20)
            s.connect("\0" + sys.argv[1])
            try:
                s.sendall(b"nonsense\n\n")
                print(s.recv(100))
            except (BrokenPipeError, ConnectionResetError):
                print(b"")
            """, name];
        string answer = Wire.Start(prefix[0], stranger).Succeed();

        Assert.That(answer, Is.EqualTo("b''\n"));
        StartReader();
    }

    private RunningProgram StartReader()
    {
        RunningProgram program = Wire.RunWith([.. Shared, "-a", Wire.FreshAddress()], ReaderCommand);
        program.WaitForOutput("ready");
        return program;
    }

    private static string SharedName(HostProcess host) => FindSharedName(host.Id)!;

    /// <summary>The abstract name that the process listens at for launchers, or null.</summary>
    private static string? FindSharedName(int process)
    {
        const string listening = "00010000";
        if (!Directory.Exists($"/proc/{process}"))
            return null;
        HashSet<string> sockets = [.. Directory.GetFileSystemEntries($"/proc/{process}/fd")
            .Select(link => File.ResolveLinkTarget(link, returnFinalTarget: false)?.Name ?? "")
            .Where(target => target.StartsWith("socket:[", StringComparison.Ordinal))
            .Select(target => target["socket:[".Length..^1])];
        return File.ReadLines("/proc/net/unix")
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .FirstOrDefault(fields => fields.Length == 8 && fields[3] == listening && sockets.Contains(fields[6]) &&
                fields[7].StartsWith("@pyco-host-", StringComparison.Ordinal))?[7][1..];
    }
}
