using System.Text.Json;
using System.Text.RegularExpressions;
using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary><c>pyco-net capture</c>: what tshark makes of it, and that its end is nobody else's business.</summary>
internal sealed class NetworkCaptureTests : NetworkTest
{
    private const int SigInt = 2;
    private const int SigKill = 9;

    [Test]
    public void Tshark_finds_a_whole_conversation_with_good_checksums_between_two_ports()
    {
        string server = Serve("captured", 500_000), trace = PathOf("trace.pcapng");
        RunningProgram capture = Capture("-w", trace);
        Run("-a", "10.40.0.34", "--", "curl", "-sS", "--fail", "-o", "/dev/null", $"http://{server}/file").Succeed();
        string summary = Interrupt(capture);

        Assert.That(summary, Does.Match(@"^\d+ packets captured, 0 dropped$"));
        Assert.That(Tshark(trace, "tcp.flags.syn == 1 && tcp.flags.ack == 0", "ip.src"), Is.EqualTo("10.40.0.34\n"));
        Assert.That(Tshark(trace, "tcp.flags.syn == 1 && tcp.flags.ack == 1", "ip.src"), Is.EqualTo($"{server}\n"));
        Assert.That(Tshark(trace, "tcp.checksum.status != 1 || ip.checksum.status != 1 || _ws.malformed", "frame.number"), Is.Empty);
        Assert.That(Tshark(trace, "tcp.analysis.lost_segment || tcp.analysis.ack_lost_segment", "frame.number"), Is.Empty);
        Assert.That(Tshark(trace, "ip && frame.len > 1514", "frame.len"), Is.Empty, "as on a wire");
        Assert.That(
            Tshark(trace, "http", "frame.interface_name", "http.request.method", "http.response.code"),
            Does.Match($"^port\\d+ 10.40.0.34 curl\tGET\t\nport\\d+ {server} python3[^\t]*\t\t200\n$"));
        Assert.That(Frames(trace), Is.EqualTo(Number(summary)));
        string[] places = [.. Lines(Tshark(trace, "eth", "eth.src", "frame.interface_id")).Distinct()];
        Assert.That(places, Has.Length.EqualTo(2), "a station's frames come in at one port");
    }

    [Test]
    public void A_live_pipe_shows_frames_as_they_pass_and_ends_when_its_reader_does()
    {
        string server = Serve("live", 10);
        const string tshark = "tshark -l -i - -Y http.response -T fields -e http.response.code -c 30";
        RunningProgram pipe = Start("bash", "-c", $"{Repository.PycoNet} capture -w - | {tshark}; echo ${{PIPESTATUS[0]}}");
        pipe.WaitForOutput("capturing all ports");
        pipe.WaitForOutput("Capturing on");
        for (int fetch = 0; fetch < 20 && !pipe.HasExited; fetch++)
            Run("--", "curl", "-sS", "--fail", "-o", "/dev/null", $"http://{server}/file").Succeed();

        Assert.That(pipe.Succeed(), Does.Match("^(200\n)+0\n$"));
        Eventually.True(() => Status("captures") == 0, () => "the end of the capture");
    }

    [Test]
    public void One_host_is_captured_both_ways_from_its_first_frame_on_though_it_comes_later()
    {
        string server = Serve("one", 1000), trace = PathOf("trace.pcapng");
        RunningProgram capture = Capture("-w", trace, "--host", "10.40.0.50", "--snaplen", "96");
        Assert.That(capture.Errors, Does.Contain("where nobody is yet"));
        Run("-a", "10.40.0.49", "--", "curl", "-sS", "-o", "/dev/null", $"http://{server}/file").Succeed();
        Run("-a", "10.40.0.50", "--", "curl", "-sS", "-o", "/dev/null", $"http://{server}/file").Succeed();
        Interrupt(capture);

        Assert.That(Tshark(trace, "ip.addr == 10.40.0.49", "frame.number"), Is.Empty);
        string[] directions = Lines(Tshark(trace, "tcp", "ip.src", "frame.packet_flags_direction", "frame.interface_name"));
        Assert.That(directions.Distinct(), Is.EquivalentTo(new[]
        {
            $"10.40.0.50\t0x00000001\t{PortName(trace)}", $"{server}\t0x00000002\t{PortName(trace)}",
        }));
        Assert.That(Lines(Tshark(trace, "frame", "frame.cap_len")).Max(int.Parse), Is.EqualTo(96));
    }

    [Test]
    public void The_file_can_be_read_while_it_grows_and_a_count_ends_it()
    {
        string server = Serve("growing", 1000), trace = PathOf("trace.pcapng");
        RunningProgram capture = Capture("-w", trace, "-c", "25");
        Run("--", "curl", "-sS", "-o", "/dev/null", $"http://{server}/file").Succeed();
        Eventually.True(() => HasAnswer(trace), () => "the answer in the file");
        while (!capture.HasExited)
            Run("--", "curl", "-sS", "-o", "/dev/null", $"http://{server}/file").Succeed();

        capture.Succeed();
        Assert.That(capture.Errors, Does.Contain("25 packets captured, 0 dropped"));
        Assert.That(Frames(trace), Is.EqualTo(25));
    }

    [Test]
    public void Two_captures_of_a_large_transfer_agree_on_what_there_was_and_count_what_they_lack()
    {
        string server = Serve("large", 100_000_000), all = PathOf("all.pcapng"), headers = PathOf("headers.pcapng");
        RunningProgram first = Capture("-w", all), second = Capture("-w", headers, "--snaplen", "60");
        Run("-a", "10.40.0.34", "--", "curl", "-sS", "--fail", "-o", "/dev/null", $"http://{server}/file").Succeed();
        string firstEnd = Interrupt(first), secondEnd = Interrupt(second);

        Assert.That(Frames(all), Is.EqualTo(Number(firstEnd)));
        Assert.That(Frames(headers), Is.EqualTo(Number(secondEnd)));
        int seen = Number(firstEnd) + Dropped(firstEnd);
        Assert.That(Number(secondEnd) + Dropped(secondEnd), Is.EqualTo(seen), $"{firstEnd}; {secondEnd}");
        Assert.That(seen, Is.GreaterThan(100_000_000 / 1460));
        if (Dropped(secondEnd) > 0)
            return; // what was counted above
        long payload = Lines(Tshark(headers, "tcp.srcport == 80", "tcp.len")).Sum(length => long.Parse(length, null));
        Assert.That(payload, Is.GreaterThan(100_000_000), "and the header of the answer");
    }

    [Test]
    public void Ctrl_C_right_after_a_capture_has_begun_ends_it_in_order()
    {
        Net("start");
        // Whoever waits for its first line is sooner than this test could be, which reads it by way of a thread.
        RunningProgram captures = Start("bash", "-c", $$"""
            for number in {1..20}; do
              coproc { exec {{Repository.PycoNet}} capture -w /dev/null 2>&1; }
              pid=$COPROC_PID
              read -r first <&"${COPROC[0]}" && kill -INT $pid
              read -r last <&"${COPROC[0]}"
              echo "$last"
              wait $pid || echo failed
            done
            """);

        Assert.That(captures.Succeed(), Is.EqualTo(string.Concat(Enumerable.Repeat("0 packets captured, 0 dropped\n", 20))));
    }

    [Test]
    public void A_reader_that_is_killed_or_stopped_holds_nobody_up()
    {
        string server = Serve("on", 20_000_000);
        RunningProgram killed = Capture("-w", PathOf("killed.pcapng"));
        RunningProgram stopped = Capture("-w", PathOf("stopped.pcapng"));
        stopped.Signal(19); // SIGSTOP
        killed.Signal(SigKill);
        Eventually.True(() => Status("captures") == 1, () => "the end of the killed one's capture");

        Run("--", "curl", "-sS", "--fail", "-o", "/dev/null", $"http://{server}/file").Succeed();

        stopped.Signal(18); // SIGCONT
        string summary = Interrupt(stopped);
        Assert.That(Dropped(summary), Is.GreaterThan(0));
        Assert.That(Frames(PathOf("stopped.pcapng")), Is.EqualTo(Number(summary)));
        Assert.That(Net("log"), Does.Contain("capture of all ports"));
    }

    [Test]
    public void A_full_disk_ends_the_capture_with_one_line()
    {
        Net("start");
        RunningProgram capture = Start(Repository.PycoNet, "capture", "-w", "/dev/full");
        Assert.That(capture.WaitForExit(), Is.EqualTo(125));
        Assert.That(capture.Errors, Does.EndWith("0 packets captured, 0 dropped\npyco-net: cannot write /dev/full: No space left on device\n"));
        Assert.That(Status("captures"), Is.Zero);
    }

    [Test]
    public void The_end_of_the_network_ends_the_capture_well()
    {
        string server = Serve("end", 1000), trace = PathOf("trace.pcapng");
        RunningProgram capture = Capture("-w", trace);
        Run("--", "curl", "-sS", "-o", "/dev/null", $"http://{server}/file").Succeed();
        Net("stop");

        capture.Succeed();
        Assert.That(capture.Errors, Does.Match(@"\d+ packets captured, 0 dropped\n$"));
        Assert.That(Tshark(trace, "http.response", "http.response.code"), Is.EqualTo("200\n"));
    }

    [Test]
    public void Of_a_network_that_was_killed_it_is_not_told_how_much_a_capture_lacks()
    {
        string trace = PathOf("trace.pcapng");
        Net("start");
        RunningProgram capture = Capture("-w", trace);
        Run("--", "sh", "-c", "echo up; read -r line").WaitForOutput("up");
        Eventually.True(() => new FileInfo(trace).Length > 100, () => "more than the file's head");
        HostProcess.Kill(Status("pid"));

        Assert.That(capture.WaitForExit(), Is.EqualTo(125));
        Assert.That(capture.Errors, Does.EndWith(
            $" packets captured, it is not known how many dropped\npyco-net: the network at {DefaultNetwork} ended before the capture did\n"));
    }

    [Test]
    [NeedsRoot]
    public void Another_user_captures_what_is_his_own_only()
    {
        string path = PathOf("open"), program = PathOf("pyco-net");
        Net("start", path, "--mode", "666");
        Run("-f", path, "-a", "10.40.0.32", "--", "sh", "-c", "echo up; read -r line").WaitForOutput("up");
        File.Copy(Repository.PycoNet, program); // to where everybody may look
        RunningProgram CaptureAsNobody(params string[] options) => Start(
            "setpriv", ["--reuid=nobody", "--regid=nogroup", "--clear-groups", program, "capture", path, "-w", "/dev/null", .. options]);

        RunningProgram all = CaptureAsNobody(), other = CaptureAsNobody("--host", "10.40.0.32"), own = CaptureAsNobody("--port", "7");

        Assert.That(all.WaitForExit(), Is.EqualTo(125));
        Assert.That(all.Errors, Does.StartWith("pyco-net: only the network's owner may capture all of it"));
        Assert.That(other.WaitForExit(), Is.EqualTo(125));
        Assert.That(other.Errors, Is.EqualTo("pyco-net: host 10.40.0.32 is another user's\n"));
        own.WaitForOutput("capturing port 7");
        Assert.That(Interrupt(own), Is.EqualTo("0 packets captured, 0 dropped"));
    }

    [Test]
    public void Rates_and_JSON_tell_of_a_transfer_that_goes_on()
    {
        string server = Serve("rates", 1_000_000_000);
        Run("-a", "10.40.0.34", "--", "curl", "-sS", "--limit-rate", "20M", "-o", "/dev/null", $"http://{server}/file");
        Eventually.True(() => Rate("bitsReceivedPerSecond") > 1_000_000, () => "a rate");

        Assert.That(Net("ps"), Does.Match(@"(?m)^10\.40\.0\.34/24 .* curl$"));
        string[] looks = Lines(Net("top", "-n", "2", "-d", "0.2", "--json"));
        Assert.That(looks, Has.Length.EqualTo(2));
        Assert.That(Net("top"), Does.Contain("2 hosts, 0 plugs").And.Not.Contain("\e"));

        double Rate(string field)
        {
            using var answer = JsonDocument.Parse(Net("ps", "--json"));
            return answer.RootElement.GetProperty("hosts").EnumerateArray()
                .Where(host => host.GetProperty("program").GetString() == "curl" && host.GetProperty(field).ValueKind == JsonValueKind.Number)
                .Select(host => host.GetProperty(field).GetDouble()).SingleOrDefault();
        }
    }

    [Test]
    public void The_log_goes_on_until_the_network_ends()
    {
        Net("start");
        RunningProgram log = Start(Repository.PycoNet, "log", "-f", "-n", "1");
        log.WaitForOutput("is up");
        Run("-a", "10.40.0.60", "--", "true").Succeed();
        log.WaitForOutput("10.40.0.60/24 is gone");
        string stopped = Net("stop", "--json");

        Assert.That(log.Succeed(), Does.EndWith("ends\n"));
        Assert.That(stopped, Does.Match("""^\{"path":".*","pid":\d+,"stopped":true\}\n$"""));
    }

    [Test]
    public void A_capture_in_the_background_of_a_script_hears_SIGINT()
    {
        Net("start");
        RunningProgram script = Start(
            "sh", "-c", "\"$0\" capture -w \"$1\" & read -r line; kill -INT $!; wait $!; echo $?", Repository.PycoNet, PathOf("trace.pcapng"));
        script.WaitForOutput("capturing");
        script.WriteLine("end it");

        Assert.That(script.Succeed(), Is.EqualTo("0\n"));
        Assert.That(script.Errors, Does.Contain("packets captured, 0 dropped"));
    }

    [Test]
    public void A_log_whose_reader_takes_his_time_goes_on()
    {
        Net("start");
        File.WriteAllLines($"{DefaultNetwork}/log.1", Enumerable.Range(0, 10_000).Select(number => $"line {number} of many"));
        // More than a pipe holds, and more time than a silent connection gets.
        RunningProgram log = Start("bash", "-c", $"{Repository.PycoNet} log -f | (sleep 6; grep --line-buffered -v many); echo ${{PIPESTATUS[0]}}");
        log.WaitForOutput("is up");
        Net("stop");

        Assert.That(log.Succeed(), Does.EndWith("ends\n0\n"), log.Errors);
    }

    [Test]
    public void A_file_that_another_capture_is_written_into_is_refused()
    {
        string trace = PathOf("trace.pcapng");
        Run("--", "true").Succeed();
        RunningProgram first = Capture("-w", trace);
        foreach (RunningProgram second in new[] { Start(Repository.PycoNet, "capture", "-w", trace), Run("--pcap", trace, "--", "true") })
        {
            Assert.That(second.WaitForExit(), Is.EqualTo(125), second.Transcript);
            Assert.That(second.Errors, Does.EndWith($": another capture is being written into {trace}: end it, or choose another file\n"));
        }
        Run("--", "true").Succeed();
        int captured = Number(Interrupt(first));
        Assert.That(captured, Is.Positive);
        Assert.That(Frames(trace), Is.EqualTo(captured), "nobody has emptied it");
    }

    private string PathOf(string name) => Path.Combine(Folder, name);

    /// <summary>A web server with a file of the length; its address.</summary>
    private string Serve(string name, int octets)
    {
        const string address = "10.40.0.32";
        Directory.CreateDirectory(PathOf(name));
        using (FileStream file = File.Create(PathOf($"{name}/file")))
            file.SetLength(octets);
        RunningProgram server = Run(
            "-a", address, "--", Programs.Python, "-u", "-m", "http.server", "80", "--directory", PathOf(name));
        server.WaitForOutput("Serving HTTP");
        return address;
    }

    private RunningProgram Capture(params string[] options)
    {
        RunningProgram capture = Start(Repository.PycoNet, ["capture", .. options]);
        capture.WaitForOutput("capturing");
        return capture;
    }

    /// <summary>Ends a capture as Ctrl-C does; its last line.</summary>
    private static string Interrupt(RunningProgram capture)
    {
        capture.Signal(SigInt);
        capture.Succeed();
        return Lines(capture.Errors)[^1];
    }

    private string Tshark(string trace, string filter, params string[] fields) => Start(
        "tshark",
        [
            "-r", trace, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-Y", filter,
            "-T", "fields", .. fields.SelectMany(field => new[] { "-e", field }),
        ]).Succeed();

    /// <summary>Whether a file that grows has the answer of a web server; it may not even have begun.</summary>
    private bool HasAnswer(string trace)
    {
        RunningProgram tshark = Start("tshark", "-r", trace, "-Y", "http.response", "-T", "fields", "-e", "http.response.code");
        return tshark.WaitForExit() == 0 && tshark.Output == "200\n";
    }

    private int Frames(string trace) => int.Parse(Start("capinfos", "-TrcM", trace).Succeed().Split('\t')[1], null);

    private string PortName(string trace) => Lines(Tshark(trace, "frame", "frame.interface_name"))[0];

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static int Number(string summary) => int.Parse(Regex.Match(summary, @"^(\d+) packets").Groups[1].Value, null);

    private static int Dropped(string summary) => int.Parse(Regex.Match(summary, @"(\d+) dropped$").Groups[1].Value, null);
}
