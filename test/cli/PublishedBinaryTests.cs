using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using Pyco.Vde.Tests;

namespace Pyco.Cli.Tests;

/// <summary>The pyco-run that `make` built, run as a user runs it.</summary>
[SupportedOSPlatform("linux")]
internal sealed class PublishedBinaryTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private TempFolder _folder = null!;
    private StockSwitch? _switch;

    private string Switch => $"{_folder.Path}/s";

    private static string PycoRun
    {
        get
        {
            string? folder = TestContext.CurrentContext.TestDirectory;
            while (folder is not null && !File.Exists($"{folder}/PycoShim.sln"))
                folder = Path.GetDirectoryName(folder);
            string path = $"{folder}/artifacts/bin/pyco-run";
            Assert.That(path, Does.Exist, "run `make programs` first");
            return path;
        }
    }

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void RemoveFolder()
    {
        _switch?.Dispose();
        _switch = null;
        _folder.Dispose();
    }

    [TestCase(125, "no network at", "-a", "10.40.0.32", "-f", "/no/switch", "true")]
    [TestCase(125, "is not an address", "-a", "10.40.0", "true")]
    [TestCase(126, "not executable", "-a", "10.40.0.32", "-f", "/no/switch", "/etc/passwd")]
    [TestCase(127, "no such program", "-a", "10.40.0.32", "-f", "/no/switch", "no-such-program")]
    public void A_failure_is_one_line_and_a_status(int status, string message, params string[] arguments)
    {
        (int exit, string output, string errors) = Run(PycoRun, arguments);
        Assert.That(exit, Is.EqualTo(status), errors);
        Assert.That(errors, Does.StartWith("pyco-run: ").And.Contain(message));
        Assert.That(errors.Count('\n'), Is.EqualTo(1));
        Assert.That(output, Is.Empty);
    }

    [TestCase("host")]
    [TestCase("start host")]
    public void The_roles_that_pyco_run_starts_are_for_nobody_else(string role)
    {
        string errors = Run("sh", "-c", $"{Path.GetDirectoryName(PycoRun)}/pyco {role} </dev/null").Errors;
        Assert.That(errors, Is.EqualTo("pyco: 'host' is for pyco-run's own use\n"));
    }

    [TestCase("/dev/full", "No space left")]
    [TestCase("/no/such/folder/trace", "No such file")]
    [TestCase("/etc", "Is a directory")]
    public void A_capture_that_cannot_be_written_is_told_before_the_program_starts(string path, string why)
    {
        StartSwitch();
        (int exit, string output, string errors) = Run(PycoRun, "-a", "10.40.0.38", "-f", Switch, "--pcap", path, "echo", "started");
        Assert.That(exit, Is.EqualTo(125));
        Assert.That(output, Is.Empty);
        Assert.That(errors, Does.Match($"^pyco-run: cannot write the capture file {path}: {why}.*\n$"));
    }

    [Test]
    public void Help_and_version_go_to_standard_output()
    {
        Assert.That(Run(PycoRun, "-h").Output, Does.StartWith("Usage: pyco-run").And.Contain("Examples:"));
        Assert.That(Run(PycoRun, "--version").Output, Does.Match(@"^pyco-run \d+\.\d+\.\d+\n$"));
    }

    [Test]
    public void The_manual_page_has_the_same_options_as_the_help_in_the_same_order()
    {
        string page = File.ReadAllText(Path.GetFullPath($"{Path.GetDirectoryName(PycoRun)}/../../docs/man/pyco-run.1"));
        string[] manual =
        [
            .. Regex.Matches(page, @"^\.It Fl (?:(?<short>\w) , Fl )?-(?<long>[a-z]+)", RegexOptions.Multiline).Select(Names),
        ];
        string[] help =
        [
            .. Regex.Matches(Run(PycoRun, "-h").Output, @"^  (?:-(?<short>\w), |    )--(?<long>[a-z]+)", RegexOptions.Multiline)
                .Select(Names),
        ];
        Assert.That(help, Has.Length.EqualTo(18));
        Assert.That(manual, Is.EqualTo(help));

        static string Names(Match option) => $"{option.Groups["short"].Value} {option.Groups["long"].Value}";
    }

    [TestCase("/no/such/lib.so")]
    [TestCase("/etc/passwd")]
    public void A_library_that_cannot_be_preloaded_is_named(string path)
    {
        (int exit, _, string errors) = Run("env", $"PYCO_LIB={path}", PycoRun, "-a", "10.40.0.32", "-f", Switch, "true");
        Assert.That(exit, Is.EqualTo(125));
        Assert.That(errors, Does.Contain(path).And.Not.Contain("cannot be preloaded"), "the loader is not asked");
    }

    [Test]
    public void The_program_finds_signals_limits_and_descriptors_as_they_were()
    {
        const string look =
            "grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status; cat /proc/self/limits; ls /proc/self/fd; umask; pwd";
        Assert.That(RunAt("10.40.0.32", "sh", "-c", look).Output, Is.EqualTo(Run("sh", "-c", look).Output));
    }

    [Test]
    public void An_ignored_signal_stays_ignored()
    {
        StartSwitch();
        string ignoring = $"trap '' PIPE HUP; exec {PycoRun} -a 10.40.0.33 -f {Switch} grep SigIgn /proc/self/status";
        Assert.That(Run("sh", "-c", ignoring).Output, Is.EqualTo(Run("sh", "-c", "trap '' PIPE HUP; exec grep SigIgn /proc/self/status").Output));
    }

    [Test]
    public void Arguments_and_environment_keep_octets_that_are_no_text()
    {
        StartSwitch();
        string show = $"A=$(printf 'x\\377y'); export A; exec {PycoRun} -a 10.40.0.34 -f {Switch} -- " +
            "sh -c 'printf %s%s \"$0\" \"$A\" | od -An -tx1' \"$A\"";
        Assert.That(Run("sh", "-c", show).Output.Trim(), Is.EqualTo("78 ff 79 78 ff 79"));
    }

    [Test]
    public void A_full_switch_is_told_within_its_patience()
    {
        StartSwitch("-n", "1");
        (int exit, _, string errors) = RunAt("10.40.0.35", "true");
        Assert.That(exit, Is.EqualTo(125));
        Assert.That(errors, Does.Contain("full"));
    }

    [Test]
    public void The_secret_is_on_no_command_line()
    {
        string look = "secret=$(echo $PYCO_HOST | cut -d: -f2); tr '\\0' ' ' < /proc/${PYCO_HOST##*:}/cmdline | grep -c $secret; :";
        Assert.That(RunAt("10.40.0.36", "sh", "-c", look).Output, Is.EqualTo("0\n"));
    }

    [Test]
    public void The_capture_has_the_address_probe()
    {
        string trace = $"{_folder.Path}/trace.pcapng";
        StartSwitch();
        (int exit, _, string errors) = Run(PycoRun, "-a", "10.40.0.37", "-f", Switch, "--pcap", trace, "true");
        Assert.That(exit, Is.Zero, errors);
        string probes = Run("tshark", "-r", trace, "-Y", "arp.dst.proto_ipv4 == 10.40.0.37", "-T", "fields", "-e", "arp.opcode").Output;
        Assert.That(probes, Does.StartWith("1\n"));
    }

    private (int Exit, string Output, string Errors) RunAt(string address, params string[] program)
    {
        StartSwitch();
        return Run(PycoRun, ["-a", address, "-f", Switch, "--", .. program]);
    }

    private void StartSwitch(params string[] options) => _switch ??= StockSwitch.Start(Switch, options);

    private (int Exit, string Output, string Errors) Run(string program, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["XDG_RUNTIME_DIR"] = _folder.Path;
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        Assert.That(process.WaitForExit(Patience), Is.True, "the program ends");
        return (process.ExitCode, output, errors.Result);
    }
}
