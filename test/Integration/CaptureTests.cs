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

    private string Tshark(string trace, string filter, params string[] fields) =>
        Wire.Start("tshark", ["-r", trace, "-Y", filter, "-T", "fields", .. fields.SelectMany(field => new[] { "-e", field })]).Succeed();
}
