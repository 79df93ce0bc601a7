using NUnit.Framework.Interfaces;

namespace Pyco.Integration.Tests.Support;

/// <summary>Gives every test a wire of its own, and tells what its programs printed if it fails.</summary>
/// <param name="kind">What the wire is.</param>
[CancelAfter(180_000)]
internal abstract class WireTest(WireKind kind)
{
    protected WireKind Kind => kind;

    protected Wire Wire { get; private set; } = null!;

    [SetUp]
    public void StartWire() => Wire = new Wire(kind, SwitchMode);

    [TearDown]
    public void EndWire()
    {
        if (TestContext.CurrentContext.Result.Outcome.Status == TestStatus.Failed)
            TestContext.Out.WriteLine(Wire?.Transcript);
        Wire?.Dispose();
    }

    /// <summary>The file mode of the switch; null for its default.</summary>
    protected virtual string? SwitchMode => null;

    /// <summary>Fetches a URL with curl at the given address (a fresh one by default); what it printed.</summary>
    protected string Curl(string url, string? at = null) =>
        Wire.RunAt(at ?? Wire.FreshAddress(), "curl", "-sS", "--fail", "--max-time", "50", url).Succeed();

    /// <summary>Ends a program and waits until its host is gone too, with all that the host had open.</summary>
    protected void EndHostOf(RunningProgram program, Action end)
    {
        if (kind == WireKind.StockSwitch)
        {
            HostProcess host = HostProcess.Of(program);
            end();
            host.WaitForEnd();
            return;
        }
        string line = $" {program.Id} ";
        Assert.That(Hosts(), Does.Contain(line));
        end();
        Eventually.True(() => !Hosts().Contains(line, StringComparison.Ordinal), () => $"the end of the host of {program.Id}");
    }

    private string Hosts() => Wire.Start(Repository.PycoNet, "ps", Wire.Control).Succeed();
}
