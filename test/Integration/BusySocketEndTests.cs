using System.Diagnostics;
using Pyco.Integration.Tests.Support;

namespace Pyco.Integration.Tests;

/// <summary>Programs that receive through a ring in shared memory learn that their network is no more.</summary>
internal sealed class BusySocketEndTests : NetworkTest
{
    [TestCase("stopped")]
    [TestCase("killed")]
    public void All_who_receive_from_a_busy_socket_are_told_that_the_network_has(string ended)
    {
        string source = Path.Combine(Repository.Root, "test", "shim", "programs", "ended.c");
        Start("gcc", "-O2", "-o", $"{Folder}/ended", source).Succeed();
        RunningProgram program = Run("--", $"{Folder}/ended");
        program.WaitForOutput("waiting");

        if (ended == "stopped")
            Net("stop");
        else
            KillNetwork();

        Assert.That(program.Succeed().Split("ended: ENETDOWN\n"), Has.Length.EqualTo(5), "four processes");
    }

    private void KillNetwork()
    {
        using var process = Process.GetProcessById(Status("pid"));
        process.Kill();
        process.WaitForExit();
    }
}
