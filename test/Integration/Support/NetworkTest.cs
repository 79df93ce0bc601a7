using System.Globalization;
using System.Text.Json;
using NUnit.Framework.Interfaces;

namespace Pyco.Integration.Tests.Support;

/// <summary>
/// Gives every test a runtime folder of its own, and with it a default network that nobody else knows; what runs in it is
/// stopped at the end.
/// </summary>
[CancelAfter(180_000)]
internal abstract class NetworkTest
{
    private const UnixFileMode OpenToAll = (UnixFileMode)0b111_101_101;

    private readonly List<RunningProgram> _programs = [];

    protected string Folder { get; private set; } = "";

    /// <summary>The default network's control directory.</summary>
    protected string DefaultNetwork => $"{Folder}/pyco/default";

    [SetUp]
    public void MakeFolder()
    {
        Folder = Directory.CreateTempSubdirectory("pyco-net-").FullName;
        File.SetUnixFileMode(Folder, OpenToAll);
    }

    [TearDown]
    public void EndNetworks()
    {
        if (TestContext.CurrentContext.Result.Outcome.Status == TestStatus.Failed)
            TestContext.Out.WriteLine(string.Join("\n", _programs.Select(program => program.Transcript)));
        try
        {
            foreach (RunningProgram program in Enumerable.Reverse(_programs))
                program.Dispose();
            foreach (string control in Directory.GetFiles(Folder, "pyco", SearchOption.AllDirectories))
                Start(Repository.PycoNet, "stop", Path.GetDirectoryName(control)!).WaitForExit();
        }
        finally
        {
            _programs.Clear();
            Directory.Delete(Folder, recursive: true);
        }
    }

    protected RunningProgram Start(string file, params IEnumerable<string> arguments)
    {
        var program = RunningProgram.Start(file, arguments, Folder, ("XDG_RUNTIME_DIR", Folder));
        _programs.Add(program);
        return program;
    }

    /// <summary>pyco-run with these words, on the default network unless they say otherwise.</summary>
    protected RunningProgram Run(params IEnumerable<string> words) => Start(Repository.PycoRun, words);

    /// <summary>pyco-net with these words, which must succeed; what it prints.</summary>
    protected string Net(params IEnumerable<string> words) => Start(Repository.PycoNet, words).Succeed();

    /// <summary>A field of <c>pyco-net status --json</c>.</summary>
    protected int Status(string field, string? path = null)
    {
        string[] which = path is null ? [] : [path];
        using JsonDocument status = JsonDocument.Parse(Net(["status", "--json", .. which]));
        return status.RootElement.GetProperty(field).GetInt32();
    }

    /// <summary>Octets that a process has in memory.</summary>
    protected static long ResidentOctets(int pid)
    {
        string line = File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    protected static int OpenDescriptors(int pid) => Directory.GetFileSystemEntries($"/proc/{pid}/fd").Length;

    protected void WaitUntilEmpty() => Eventually.True(() => Status("hosts") == 0, () => "the end of all hosts");
}
