using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary>A switch whose mode lets everybody in, and two users on it.</summary>
[TestFixture(WireKind.StockSwitch)]
[TestFixture(WireKind.OwnNetwork)]
internal sealed class UserTests(WireKind kind) : WireTest(kind)
{
    private const UnixFileMode Executable = (UnixFileMode)0b111_101_101;

    protected override string SwitchMode => "777";

    [Test]
    [NeedsRoot]
    public void A_program_of_another_user_joins_and_is_served()
    {
        string server = Wire.FreshAddress(), client = Wire.FreshAddress();
        Wire.Write("site/index.html", "for everybody");
        Wire.ServePython(server, Wire.PathOf("site"));

        string answer = AsNobody(["-a", client], "curl", "-sS", "--fail", "--max-time", "50", $"http://{server}/").Succeed();

        Assert.That(answer, Is.EqualTo("for everybody\n"));
    }

    [Test]
    [NeedsRoot]
    public void A_server_without_root_listens_on_port_80()
    {
        string server = Wire.FreshAddress();
        Wire.Write("site/index.html", "by nobody");
        AsNobody(["-a", server], Programs.Python, "-m", "http.server", "80", "--directory", Wire.PathOf("site"));
        Wire.WaitUntilListening(server, 80);

        Assert.That(Curl($"http://{server}/"), Is.EqualTo("by nobody\n"));
    }

    [Test]
    [NeedsRoot]
    public void A_low_port_outside_is_refused_without_root()
    {
        // In a network of ours the network's user opens the port, and does so for no other.
        string expected = Kind == WireKind.StockSwitch
            ? "no permission to publish 127.0.0.1:80: ports below .*"
            : "only the user whose network it is can publish ports .*";
        RunningProgram refused = AsNobody(["-a", Wire.FreshAddress(), "-p", "127.0.0.1:80:80"], "echo", "started");

        Assert.That(refused.WaitForExit(), Is.EqualTo(125), refused.Transcript);
        Assert.That(refused.Errors, Does.Match($"^pyco-run: {expected}\n$"));
        Assert.That(refused.Output, Is.Empty);
    }

    /// <summary>pyco-run as the user nobody, from a copy that this user can read wherever the project lies.</summary>
    private RunningProgram AsNobody(IEnumerable<string> options, params IEnumerable<string> command)
    {
        string pycoRun = Wire.PathOf("installed/bin/pyco-run");
        string shim = Wire.PathOf("installed/lib/libpyco.so");
        foreach ((string from, string to) in new[] { (Repository.PycoRun, pycoRun), (Repository.Shim, shim) })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(from, to, overwrite: true);
            File.SetUnixFileMode(to, Executable);
        }
        return Wire.Start(
            "setpriv", ["--reuid=nobody", "--regid=nogroup", "--clear-groups", pycoRun, "-f", Wire.Control, .. options, "--", .. command]);
    }
}
