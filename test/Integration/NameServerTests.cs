using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary>pyco-run --dns: a name server that is a host of the network, of either kind.</summary>
[TestFixture(WireKind.StockSwitch)]
[TestFixture(WireKind.OwnNetwork)]
internal sealed class NameServerTests(WireKind kind) : WireTest(kind)
{
    [Test]
    public void It_is_asked_and_the_next_one_where_the_first_does_not_answer()
    {
        string names = Wire.FreshAddress(), silent = Wire.FreshAddress();
        Wire.RunAt(names, Programs.Python, Repository.Program("names.py"), names, "53").WaitForOutput("port 53");
        Wire.RunAt(silent, "sh", "-c", "echo up; read -r line").WaitForOutput("up");

        RunningProgram direct = Wire.RunWith(["-a", Wire.FreshAddress(), "--dns", names], "getent", "ahostsv4", "alias.example.org");
        RunningProgram second = Wire.RunWith(
            ["-a", Wire.FreshAddress(), "--dns", silent, "--dns", $"{names}:53"], "getent", "hosts", "203.0.113.5");

        Assert.That(direct.Succeed(), Does.StartWith("203.0.113.5 "));
        Assert.That(second.Succeed(), Does.Match(@"^203\.0\.113\.5 +www\.example\.org\n$"));
    }

    [Test]
    public void Without_one_only_files_are_asked()
    {
        RunningProgram program = Wire.RunAt(Wire.FreshAddress(), "getent", "ahostsv4", "www.example.org");
        Assert.That(program.WaitForExit(), Is.EqualTo(2), "not found");
    }
}
