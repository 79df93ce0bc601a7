using NUnit.Framework.Interfaces;

namespace Pyco.Integration.Tests.Support;

/// <summary>Gives every test a wire of its own, and tells what its programs printed if it fails.</summary>
[CancelAfter(180_000)]
internal abstract class WireTest
{
    protected Wire Wire { get; private set; } = null!;

    [SetUp]
    public void StartWire() => Wire = new Wire(SwitchMode);

    [TearDown]
    public void EndWire()
    {
        if (TestContext.CurrentContext.Result.Outcome.Status == TestStatus.Failed)
            TestContext.Out.WriteLine(Wire.Transcript);
        Wire.Dispose();
    }

    /// <summary>The file mode of the switch; null for its default.</summary>
    protected virtual string? SwitchMode => null;

    /// <summary>Fetches a URL with curl at the given address (a fresh one by default); what it printed.</summary>
    protected string Curl(string url, string? at = null) =>
        Wire.RunAt(at ?? Wire.FreshAddress(), "curl", "-sS", "--fail", "--max-time", "50", url).Succeed();
}
