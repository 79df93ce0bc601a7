using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary><c>pyco-run --pcap</c>: what tshark finds in the file, while the program runs and afterwards.</summary>
[TestFixture(WireKind.StockSwitch)]
[TestFixture(WireKind.OwnNetwork)]
internal sealed class CaptureTests(WireKind kind) : WireTest(kind)
{
    [Test]
    public void The_capture_can_be_read_while_the_program_runs()
    {
        string server = Wire.FreshAddress(), client = Wire.FreshAddress(), trace = Wire.PathOf("trace.pcapng");
        Wire.Write("site/index.html", "captured");
        Wire.ServePython(server, Wire.PathOf("site"));
        RunningProgram program = Wire.RunWith(
            ["-a", client, "-d", "eth7", "--pcap", trace], "bash", "-c", $"curl -sS --fail http://{server}/; echo fetched; read -r line");
        program.WaitForOutput("fetched");

        string requests = Tshark(trace, "http.request", "ip.src", "ip.dst", "frame.interface_name", "frame.packet_flags_direction");
        string answers = Tshark(trace, "http.response", "ip.src", "ip.dst", "frame.interface_name", "frame.packet_flags_direction");

        Assert.That(requests, Is.EqualTo($"{client}\t{server}\teth7\t0x00000002\n"), "outbound");
        Assert.That(answers, Is.EqualTo($"{server}\t{client}\teth7\t0x00000001\n"), "inbound");
    }

    [Test]
    public void Both_ends_of_a_transfer_have_the_same_frames_to_the_last()
    {
        const string serverMac = "02:00:5e:00:00:01", clientMac = "02:00:5e:00:00:02";
        string server = Wire.FreshAddress(), client = Wire.FreshAddress();
        string serverTrace = Wire.PathOf("server.pcapng"), clientTrace = Wire.PathOf("client.pcapng");
        Wire.WriteRandom("file", 100_000);
        RunningProgram listener = Wire.RunWith(
            ["-a", server, "-m", serverMac, "--pcap", serverTrace],
            "bash", "-c", "nc.openbsd -n -v -l -N 9000 < file; echo served >&2; read -r line");
        listener.WaitForOutput("Listening on");
        RunningProgram fetch = Wire.RunWith(
            ["-a", client, "-m", clientMac, "--pcap", clientTrace],
            "bash", "-c", $"nc.openbsd -n -d {server} 9000 | cmp - file && echo same; read -r line");
        fetch.WaitForOutput("same");
        listener.WaitForOutput("served");
        foreach (RunningProgram program in new[] { fetch, listener })
        {
            EndHostOf(program, () => program.WriteLine("end"));
            program.Succeed();
        }

        string[] Frames(string trace) =>
        [
            .. Tshark(trace, $"eth.addr == {serverMac} && eth.addr == {clientMac} && tcp", "ip.src", "ip.id", "tcp.flags", "tcp.seq_raw", "frame.len")
                .Split('\n').Order(),
        ];
        Assert.That(Frames(serverTrace), Has.Length.GreaterThan(70), "100,000 octets in segments of 1,448");
        Assert.That(Frames(clientTrace), Is.EqualTo(Frames(serverTrace)));
    }

    [Test]
    public void A_named_pipe_shows_the_frames_as_they_pass()
    {
        string server = Wire.FreshAddress(), client = Wire.FreshAddress(), pipe = Wire.PathOf("pipe");
        Wire.Write("site/index.html", "through the pipe");
        Wire.ServePython(server, Wire.PathOf("site"));
        Wire.Start("mkfifo", pipe).Succeed();
        // Opened for both by the shell, the pipe has a reader and a writer as long as the test likes.
        RunningProgram reader = Wire.Start("bash", "-c", $"""
            exec 3<>{pipe}
            echo open
            tshark -l -r - -Y http.response -T fields -e http.response.code <{pipe} 3<&- &
            read -r line
            exec 3<&-
            wait
            """);
        reader.WaitForOutput("open");

        Wire.RunWith(["-a", client, "--pcap", pipe], "curl", "-sS", "--fail", "--max-time", "50", $"http://{server}/").Succeed();

        reader.WaitForOutput("200\n");
        reader.WriteLine("end");
        Assert.That(reader.Succeed(), Is.EqualTo("open\n200\n"));
    }

    [Test]
    public void A_file_that_another_host_writes_into_is_refused_and_its_capture_goes_on()
    {
        const string waiting = "echo up; read -r line";
        string address = Wire.FreshAddress(), trace = Wire.PathOf("trace.pcapng");
        RunningProgram first = Wire.RunWith(["-a", address, "--pcap", trace], "sh", "-c", waiting);
        first.WaitForOutput("up");

        RunningProgram second = Wire.RunWith(["-a", Wire.FreshAddress(), "--pcap", trace], "true");
        Assert.That(second.WaitForExit(), Is.EqualTo(125), second.Transcript);
        Assert.That(second.Errors, Is.EqualTo($"pyco-run: another capture is being written into {trace}: end it, or choose another file\n"));

        EndHostOf(first, () => first.WriteLine("end"));
        Assert.That(Announced(trace), Is.EqualTo($"{address}\n"), "those of the one that was refused: its file was not made anew");
        string later = Wire.FreshAddress();
        RunningProgram third = Wire.RunWith(["-a", later, "--pcap", trace], "sh", "-c", waiting);
        third.WaitForOutput("up");
        EndHostOf(third, () => third.WriteLine("end"));
        Assert.That(Announced(trace), Is.EqualTo($"{later}\n"));
    }

    [TestCase("--pcap /dev/stdout -- sh -c '>&2 echo up' | tshark -r - -Y arp.isannouncement -T fields -e arp.src.proto_ipv4")]
    [TestCase("--pcap >(tshark -r - -Y arp.isannouncement -T fields -e arp.src.proto_ipv4 >&3) -- sh -c '>&2 echo up'; wait $!")]
    public void The_launcher_s_own_descriptors_take_a_capture(string words)
    {
        string address = Wire.FreshAddress();
        RunningProgram shell = Wire.Start("bash", "-c", $"exec 3>&1; {Repository.PycoRun} -f {Wire.Control} -a {address} {words}");
        Assert.That(shell.Succeed(), Does.StartWith($"{address}\n"));
        Assert.That(shell.Errors, Does.Contain("up\n"));
    }

    private string Announced(string trace) => string.Concat(
        Tshark(trace, "arp.isannouncement", "arp.src.proto_ipv4").Split('\n', StringSplitOptions.RemoveEmptyEntries).Distinct().Select(line => line + "\n"));

    private string Tshark(string trace, string filter, params string[] fields) =>
        Wire.Start("tshark", ["-r", trace, "-Y", filter, "-T", "fields", .. fields.SelectMany(field => new[] { "-e", field })]).Succeed();
}
