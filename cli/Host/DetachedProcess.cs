using System.Runtime.InteropServices;
using System.Text;
using Pyco.Cli.Startup;
using Pyco.Host;
using Pyco.Host.Protocol;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Cli.Host;

/// <summary>Starts our own binary in another role as a process of its own: a stack host, a network.</summary>
/// <remarks>
/// A host must not be the program's child, which would meet a stranger in wait(). So the launcher starts
/// <see cref="StartRole"/>, which starts the role and ends at once; the process is then a child of init or of the
/// nearest subreaper.
/// </remarks>
internal static unsafe class DetachedProcess
{
    public const string StartRole = "start";

    /// <summary>What the starter is told of a process that is not only for who starts it.</summary>
    public const string OnAllProcessors = "on-all-processors";

    /// <summary>What the starter is told where there is a <see cref="Descriptors.Capture"/>.</summary>
    public const string WithCapture = "with-capture";

    /// <summary>Room for 8,192 processors, the most that Linux is built for; the kernel ignores those that are not there.</summary>
    private const int ProcessorMaskLength = 1024;

    /// <summary>
    /// Longer than all that the host waits for (the switch's answer 5 s, address probes): only a host that is stopped
    /// or starved stays silent for so long.
    /// </summary>
    private const int PatienceMilliseconds = 15_000;

    private const int AnswerCapacity = 4096;

    /// <summary>Starts a process and waits until it says that it is ready.</summary>
    /// <param name="role">Which one.</param>
    /// <param name="what">The same, for people.</param>
    /// <param name="order">What it is told.</param>
    /// <param name="environment">The launcher's own environment.</param>
    /// <param name="isForOthers">True to run it on all processors that the user may use, whatever the launcher is bound to.</param>
    /// <param name="capture">What it gets as <see cref="Descriptors.Capture"/>, which is closed here; or -1.</param>
    /// <returns>What it says of itself.</returns>
    /// <exception cref="LaunchException">It did not come up; the message is its own where it had one.</exception>
    public static string Start(
        string role, string what, string order, ProgramEnvironment environment, bool isForOthers = false, int capture = -1)
    {
        (int orderRead, int orderWrite) = Pipe();
        (int readyRead, int readyWrite) = Pipe();
        if (capture >= 0)
            capture = MoveUp(capture);
        string[] forOthers = isForOthers ? [OnAllProcessors] : [];
        string[] withCapture = capture >= 0 ? [WithCapture] : [];
        SpawnStarter([role, .. forOthers, .. withCapture], orderRead, readyWrite, capture, environment);
        _ = Libc.close(orderRead);
        _ = Libc.close(readyWrite);
        if (capture >= 0)
            _ = Libc.close(capture);
        WriteOrder(orderWrite, order);
        _ = Libc.close(orderWrite);
        string answer = ReadAnswer(readyRead, what);
        _ = Libc.close(readyRead);
        return Report(answer, what);
    }

    /// <summary>The intermediate process: hands its descriptors to the role's and is gone.</summary>
    /// <param name="image">The process.</param>
    /// <param name="words">The role, and <see cref="OnAllProcessors"/> and <see cref="WithCapture"/> or not.</param>
    public static int RunStarter(ProcessImage image, params ReadOnlySpan<string> words)
    {
        if (words[1..].Contains(OnAllProcessors))
            TakeAllProcessors();
        SpawnFileActions actions;
        _ = Processes.posix_spawn_file_actions_init(&actions);
        // The caller may have left descriptors open for the program; the host would keep them open after it.
        _ = Processes.posix_spawn_file_actions_addclosefrom_np(
            &actions, words[1..].Contains(WithCapture) ? Descriptors.FirstUnused : Descriptors.Capture);
        ProgramEnvironment environment = new(image.Environment);
        // The host is nobody's program: it must not be found by these when another host looks for its own programs.
        environment.Remove(HostProtocol.EnvironmentVariable);
        environment.Remove("LD_PRELOAD");
        // Where pyco-run is itself such a program, the library would put both back.
        environment.Set(HostProtocol.DetachVariable, "1");
        _ = Spawn([words[0]], &actions, environment.Variables);
        return ExitStatus.Success;
    }

    /// <summary>All that the cpuset leaves the user (sched_setaffinity(2)); what this thread starts inherits it.</summary>
    private static void TakeAllProcessors()
    {
        byte* mask = stackalloc byte[ProcessorMaskLength];
        new Span<byte>(mask, ProcessorMaskLength).Fill(byte.MaxValue);
        _ = Libc.sched_setaffinity(0, ProcessorMaskLength, mask);
    }

    /// <summary>Starts our own binary in another role as a child of one that has let go (<see cref="LetGo"/>), which gets one descriptor.</summary>
    /// <param name="words">The role, and what it is told.</param>
    /// <param name="input">Its standard input.</param>
    /// <param name="environment">Its environment.</param>
    /// <exception cref="LaunchException">It did not start.</exception>
    public static void StartBeside(string[] words, int input, ProgramEnvironment environment)
    {
        SpawnFileActions actions;
        _ = Processes.posix_spawn_file_actions_init(&actions);
        _ = Processes.posix_spawn_file_actions_adddup2(&actions, input, Descriptors.Order);
        _ = Processes.posix_spawn_file_actions_adddup2(&actions, Descriptors.Output, Descriptors.Error); // /dev/null
        _ = Processes.posix_spawn_file_actions_addclosefrom_np(&actions, Descriptors.Ready);
        _ = Spawn(words, &actions, environment.Variables);
    }

    /// <summary>Reads the order in the process that was started.</summary>
    /// <exception cref="LaunchException">There is none: somebody else has started us.</exception>
    public static T TakeOrder<T>(string role, Func<string, T> read)
    {
        byte[] octets = new byte[HostOrder.Capacity];
        int length = ReadToEnd(Descriptors.Order, octets, role);
        try
        {
            return read(Encoding.UTF8.GetString(octets, 0, length));
        }
        catch (FormatException)
        {
            throw StartedByHand(role);
        }
    }

    /// <summary>Somebody else than us has started a role.</summary>
    public static LaunchException StartedByHand(string role) => new($"'{role}' is for {Names.PycoRun}'s own use");

    /// <summary>What ps, top and ss call the process, which would else be "exe" of /proc/self/exe.</summary>
    public static void TakeName(string name = Names.Pyco)
    {
        const int setName = 15; // PR_SET_NAME
        _ = Libc.prctl(setName, name);
    }

    /// <summary>Leaves the places that the process would otherwise keep busy: standard input and output, the folder.</summary>
    public static void LetGo()
    {
        int nowhere = Processes.open("/dev/null", Processes.ReadWrite | Processes.CloseOnExec, 0);
        _ = Processes.dup2(nowhere, Descriptors.Order);
        _ = Processes.dup2(nowhere, Descriptors.Output);
        _ = Libc.close(nowhere);
        _ = Processes.chdir("/");
    }

    /// <summary>A pipe whose ends lie above the descriptors that the host's are moved to.</summary>
    private static (int Read, int Write) Pipe()
    {
        int* ends = stackalloc int[2];
        if (Processes.pipe2(ends, Processes.CloseOnExec) != 0)
            throw new LaunchException($"cannot make a pipe: {Marshal.GetLastPInvokeErrorMessage()}");
        return (MoveUp(ends[0]), MoveUp(ends[1]));
    }

    private static int MoveUp(int descriptor)
    {
        int moved = Libc.fcntl(descriptor, Processes.DuplicateCloseOnExec, Descriptors.FirstUnused);
        if (moved < 0)
            throw new LaunchException($"cannot make a pipe: {Marshal.GetLastPInvokeErrorMessage()}");
        _ = Libc.close(descriptor);
        return moved;
    }

    private static void SpawnStarter(string[] words, int order, int ready, int capture, ProgramEnvironment environment)
    {
        SpawnFileActions actions;
        _ = Processes.posix_spawn_file_actions_init(&actions);
        _ = Processes.posix_spawn_file_actions_adddup2(&actions, order, Descriptors.Order);
        _ = Processes.posix_spawn_file_actions_adddup2(&actions, ready, Descriptors.Ready);
        if (capture >= 0)
            _ = Processes.posix_spawn_file_actions_adddup2(&actions, capture, Descriptors.Capture);
        int pid = Spawn([StartRole, .. words], &actions, environment.Variables);
        int status = 0;
        // ECHILD: SIGCHLD is ignored, and the starter was reaped without us.
        while (Processes.waitpid(pid, &status, 0) < 0 && (Errno)Marshal.GetLastPInvokeError() == Errno.EINTR)
        {
        }
        if (status != 0)
            throw new LaunchException("cannot start another process: its starter failed");
    }

    /// <summary>Runs our own binary in another role.</summary>
    private static int Spawn(string[] words, SpawnFileActions* actions, IReadOnlyList<byte[]> environment)
    {
        using StringVector path = new([Encoding.UTF8.GetBytes("/proc/self/exe")]);
        using StringVector arguments = new([Encoding.UTF8.GetBytes(Names.Pyco), .. words.Select(Encoding.UTF8.GetBytes)]);
        using StringVector variables = new(environment);
        int pid;
        int error = Processes.posix_spawn(&pid, path.First, actions, null, arguments.Pointer, variables.Pointer);
        _ = Processes.posix_spawn_file_actions_destroy(actions);
        return error == 0
            ? pid
            : throw new LaunchException($"cannot start another process: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    private static void WriteOrder(int descriptor, string order)
    {
        byte[] octets = Encoding.UTF8.GetBytes(order);
        fixed (byte* start = octets)
        {
            if (octets.Length > HostOrder.Capacity || Libc.write(descriptor, start, (nuint)octets.Length) != octets.Length)
                throw new LaunchException("the command line is too long");
        }
    }

    private static string ReadAnswer(int descriptor, string what)
    {
        byte[] octets = new byte[AnswerCapacity];
        return Encoding.UTF8.GetString(octets, 0, ReadToEnd(descriptor, octets, what)).TrimEnd('\n');
    }

    /// <summary>Understands <c>ready REPORT</c> and <c>error TEXT</c>.</summary>
    private static string Report(string answer, string what)
    {
        const string ready = "ready ";
        const string error = "error ";
        if (answer.StartsWith(ready, StringComparison.Ordinal))
            return answer[ready.Length..];
        throw new LaunchException(answer.StartsWith(error, StringComparison.Ordinal)
            ? answer[error.Length..]
            : $"the {what} ended before it was up; -v may tell more");
    }

    /// <summary>Reads until the other side closes.</summary>
    private static int ReadToEnd(int descriptor, byte[] octets, string what)
    {
        int length = 0;
        while (length < octets.Length)
        {
            PollDescriptor readable = new() { Descriptor = descriptor, Events = Constants.PollIn };
            if (Libc.poll(&readable, 1, PatienceMilliseconds) == 0)
                throw new LaunchException($"the {what} did not come up within {PatienceMilliseconds / 1000} s: is the machine overloaded?");
            nint taken;
            fixed (byte* free = &octets[length])
                taken = Libc.read(descriptor, free, (nuint)(octets.Length - length));
            if (taken == 0)
                break;
            if (taken > 0)
                length += (int)taken;
            else if ((Errno)Marshal.GetLastPInvokeError() is not (Errno.EINTR or Errno.EAGAIN))
                throw new LaunchException($"cannot hear from the {what}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
        return length;
    }
}
