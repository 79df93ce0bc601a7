using System.Text;

namespace Pyco.Host.Tests;

/// <summary>What /proc tells of processes whose environment cannot be read at the moment.</summary>
internal sealed class ProcessEnvironmentTests
{
    [TestCase("512", "140723310690000", "140723310690900", ExpectedResult = true, Description = "it was put there a moment ago")]
    [TestCase("512", "0", "0", ExpectedResult = true, Description = "execve is at work")]
    [TestCase("512", "140723310690000", "140723310690000", ExpectedResult = false, Description = "env -i")]
    [TestCase("0", "0", "0", ExpectedResult = false, Description = "a kernel thread or a zombie")]
    public bool Variables_may_come_where_there_is_memory_without_a_known_end_of_them(string memory, string start, string end)
    {
        string[] fields = [.. Enumerable.Repeat("7", 52)];
        (fields[1], fields[2]) = ("(a) 0 (name)", "R");
        (fields[22], fields[49], fields[50]) = (memory, start, end);

        return ProcessEnvironment.IsUnsettled(Encoding.ASCII.GetBytes(string.Join(' ', fields) + "\n"));
    }

    [Test]
    public void A_process_that_has_ended_has_nothing_to_come() =>
        Assert.That((ProcessEnvironment.Read(int.MaxValue, out bool isUnsettled).IsEmpty, isUnsettled), Is.EqualTo((true, false)));

    [Test]
    public void The_environment_of_this_process_is_there() =>
        Assert.That((ProcessEnvironment.Read(Environment.ProcessId, out bool isUnsettled).IsEmpty, isUnsettled), Is.EqualTo((false, false)));
}
