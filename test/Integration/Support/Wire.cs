using System.Globalization;

namespace Pyco.Integration.Tests.Support;

/// <summary>
/// One virtual Ethernet, a stock vde_switch or a network of ours in a temporary folder, and everything the test starts on
/// it. All of it ends with <see cref="Dispose"/>.
/// </summary>
internal sealed class Wire : IDisposable
{
    private const UnixFileMode OpenToAll = (UnixFileMode)0b111_101_101;
    private readonly List<RunningProgram> _programs = [];
    private readonly List<Action> _undo = [];
    private readonly WireKind _kind;
    private readonly string? _mode;
    private RunningProgram? _switch;
    private RunningProgram? _prober;
    private int _lastAddress = 31;
    private int _questions;

    /// <param name="kind">What it is.</param>
    /// <param name="mode">The switch's file mode (<c>vde_switch -m</c>), or null for its own default: its user only.</param>
    public Wire(WireKind kind = WireKind.StockSwitch, string? mode = null)
    {
        _kind = kind;
        _mode = mode;
        Folder = Directory.CreateTempSubdirectory("pyco-it-").FullName;
        File.SetUnixFileMode(Folder, OpenToAll); // Servers give up root and must still reach their files.
        try
        {
            StartSwitch();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>For the files of the programs; gone afterwards.</summary>
    public string Folder { get; }

    /// <summary>The switch's control directory: what <c>-f</c> takes.</summary>
    public string Control => Path.Combine(Folder, "ctl");

    /// <summary>What every program printed, for the report of a failed test.</summary>
    public string Transcript => string.Join("\n", _programs.Select(program => program.Transcript));

    public string FreshAddress() => $"10.40.0.{++_lastAddress}";

    public string PathOf(string name) => Path.Combine(Folder, name);

    /// <summary>Writes a file into <see cref="Folder"/>; its path.</summary>
    public string Write(string name, string content)
    {
        string path = PathOf(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        return path;
    }

    /// <summary>Writes a file of random octets; its path.</summary>
    public string WriteRandom(string name, int octets)
    {
        string path = PathOf(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        byte[] content = new byte[octets];
        TestContext.CurrentContext.Random.NextBytes(content);
        File.WriteAllBytes(path, content);
        return path;
    }

    /// <summary>Starts a program as its own host: <c>pyco-run -a ADDRESS -f SWITCH -- COMMAND</c>.</summary>
    public RunningProgram RunAt(string address, params IEnumerable<string> command) =>
        Start(Repository.PycoRun, ["-a", address, "-f", Control, "--", .. command]);

    /// <summary>As <see cref="RunAt"/> with further options of pyco-run.</summary>
    public RunningProgram RunWith(IEnumerable<string> options, params IEnumerable<string> command) =>
        Start(Repository.PycoRun, ["-f", Control, .. options, "--", .. command]);

    /// <summary>Starts a program on the machine itself, not on the wire.</summary>
    public RunningProgram Start(string file, params IEnumerable<string> arguments)
    {
        var program = RunningProgram.Start(file, arguments, Folder, ("XDG_RUNTIME_DIR", Folder));
        _programs.Add(program);
        return program;
    }

    /// <summary>Something to undo before the programs are ended.</summary>
    public void AtEnd(Action undo) => _undo.Add(undo);

    /// <summary>Waits until something at the address accepts a TCP connection: a prober on the wire really connects.</summary>
    public void WaitUntilListening(string address, int port)
    {
        const string script =
            "while read -r to port n; do until (exec 3<>/dev/tcp/$to/$port) 2>/dev/null; do sleep 0.05; done; echo up $to $port $n; done";
        _prober ??= RunAt("10.40.0.250", "bash", "-c", script);
        // Numbered, because the same may be asked again about a server that was started again.
        string question = string.Create(CultureInfo.InvariantCulture, $"{address} {port} {++_questions}");
        _prober.WriteLine(question);
        _prober.WaitForOutput($"up {question}\n");
    }

    public void StartSwitch()
    {
        if (_kind == WireKind.OwnNetwork)
        {
            StartNetwork();
            return;
        }
        string[] mode = _mode is null ? [] : ["-m", _mode];
        // The switch reads commands from its standard input and would end with it; ours stays open.
        _switch = Start("vde_switch", ["-s", Control, "-M", PathOf("management"), .. mode]);
        Eventually.True(
            () => ListeningSocket.Exists(PathOf("ctl/ctl")) && ListeningSocket.Exists(PathOf("management")), () => "the switch");
    }

    private void StartNetwork()
    {
        string[] mode = _mode is null ? [] : ["--mode", _mode];
        Start(Repository.PycoNet, ["start", Control, .. mode]).Succeed();
        AtEnd(() => Start(Repository.PycoNet, "stop", Control).Succeed());
    }

    /// <summary>The switch does nothing any more, and holds what it has.</summary>
    public void StopSwitch() => _switch!.Signal(RunningProgram.SigStop);

    public void ContinueSwitch() => _switch!.Signal(RunningProgram.SigContinue);

    /// <summary>Kills the switch as a crash would.</summary>
    public void KillSwitch()
    {
        _switch!.Dispose();
        _programs.Remove(_switch);
        Directory.Delete(Control, recursive: true);
        File.Delete(PathOf("management"));
    }

    public void Dispose()
    {
        try
        {
            foreach (Action undo in _undo)
                undo();
        }
        finally
        {
            // Newest first: the switch, the oldest, goes last.
            foreach (RunningProgram program in Enumerable.Reverse(_programs))
                program.Dispose();
            Directory.Delete(Folder, recursive: true);
        }
    }
}
