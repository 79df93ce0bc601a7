using Pyco.Shim.Tests.Support;

namespace Pyco.Shim.Tests;

/// <summary>What a program finds in its environment whose parent has a host, whatever the parent gave it.</summary>
internal sealed class ChildEnvironmentTests
{
    private const string Host = "00000001:00112233445566778899aabbccddeeff:0123456789abcdef:1";

    [Test]
    public void A_cleared_environment_holds_what_keeps_the_program_on_the_network() =>
        Assert.That(Env("-i"), Is.EquivalentTo(new[] { $"LD_PRELOAD={Built.Library}", $"PYCO_HOST={Host}", "PYCO_HOSTNAME=web" }));

    [Test]
    public void Other_variables_and_libraries_stay() =>
        Assert.That(
            Env("-i", "LD_PRELOAD=libm.so.6", "A=1", "NONSENSE=", "PYCO_HOST_NOT=2"),
            Is.EquivalentTo(new[]
            {
                $"LD_PRELOAD={Built.Library}:libm.so.6", "A=1", "NONSENSE=", "PYCO_HOST_NOT=2", $"PYCO_HOST={Host}", "PYCO_HOSTNAME=web",
            }));

    [TestCase("libm.so.6:{0}")]
    [TestCase("{0} libm.so.6")]
    public void The_library_is_not_added_twice(string list)
    {
        string preload = "LD_PRELOAD=" + list.Replace("{0}", Built.Library, StringComparison.Ordinal);
        Assert.That(Env("-i", preload, $"PYCO_HOST={Host}"), Is.EquivalentTo(new[] { preload, $"PYCO_HOST={Host}" }));
    }

    [Test]
    public void Another_host_is_the_caller_s_choice() =>
        Assert.That(
            Env("-i", "PYCO_HOST=another"), Is.EquivalentTo(new[] { "PYCO_HOST=another", $"LD_PRELOAD={Built.Library}" }));

    [Test]
    public void PYCO_DETACH_takes_the_program_off_the_network() =>
        Assert.That(Env("PYCO_DETACH=1"), Has.None.StartsWith("PYCO_"));

    [Test]
    public void An_empty_PYCO_DETACH_is_none() =>
        Assert.That(Env("PYCO_DETACH="), Has.Some.EqualTo($"PYCO_HOST={Host}"));

    [Test]
    public void Without_a_host_nothing_is_added() =>
        Assert.That(Built.Run("env", ["-i", "env"], ("LD_PRELOAD", Built.Library)).Output, Is.Empty);

    /// <summary>What env prints that is started by env with these arguments.</summary>
    private static string[] Env(params string[] arguments)
    {
        Outcome outcome = Built.Run(
            "env", [.. arguments, "env"], ("LD_PRELOAD", Built.Library), ("PYCO_HOST", Host), ("PYCO_HOSTNAME", "web"));
        Assert.That(outcome.Status, Is.Zero, outcome.Error);
        return outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
