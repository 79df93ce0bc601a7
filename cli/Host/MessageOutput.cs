using System.Text;
using Pyco.Posix;

namespace Pyco.Cli.Host;

/// <summary>
/// Where the user of one program reads what its host has to say: the launcher's standard error. A process with several hosts has several;
/// one that is open is also its own standard error, for what the runtime has to say at a crash.
/// </summary>
internal sealed unsafe class MessageOutput
{
    private static readonly List<MessageOutput> Open = [];
    private static MessageOutput? Own;

    /// <summary>What poll(2) finds room for in a pipe.</summary>
    private const int PipeBuffer = 4096;

    private int _descriptor;

    /// <param name="descriptor">A descriptor, which is closed with this.</param>
    public MessageOutput(int descriptor)
    {
        _descriptor = descriptor;
        Open.Add(this);
        if (Own is not null)
            return;
        Own = this;
        BeOwn(descriptor);
    }

    /// <summary>What the process was started with.</summary>
    public static MessageOutput OfProcess() =>
        new(Libc.fcntl(Descriptors.Error, Processes.DuplicateCloseOnExec, Descriptors.FirstUnused));

    /// <summary>Writes a line, unless that would have to wait: a terminal that somebody has stopped must not stop others' hosts.</summary>
    public void Write(string name, string message)
    {
        PollDescriptor writable = new() { Descriptor = _descriptor, Events = Constants.PollOut };
        if (_descriptor >= 0 && Libc.poll(&writable, 1, 0) > 0)
            Terminal.Write(_descriptor, Cut($"{name}: {message}\n"));
    }

    /// <summary>Whoever reads the program's output to its end, such as a pipeline, must not have to wait for us.</summary>
    public void Close()
    {
        if (_descriptor < 0)
            return;
        _ = Open.Remove(this);
        if (Own == this)
        {
            Own = Open.FirstOrDefault();
            BeOwn(Own?._descriptor ?? -1);
        }
        _ = Libc.close(_descriptor);
        _descriptor = -1;
    }

    private static string Cut(string line) =>
        Encoding.UTF8.GetByteCount(line) <= PipeBuffer ? line : $"{line.AsSpan(0, Math.Min(line.Length, PipeBuffer / 4))} ...\n";

    private static void BeOwn(int descriptor)
    {
        int nowhere = -1;
        if (descriptor < 0)
            descriptor = nowhere = Processes.open("/dev/null", Processes.ReadWrite | Processes.CloseOnExec, 0);
        if (descriptor < 0 || Processes.dup2(descriptor, Descriptors.Error) < 0)
            _ = Libc.close(Descriptors.Error); // nobody reads it after this, and nothing is said on it
        if (nowhere >= 0)
            _ = Libc.close(nowhere);
    }
}
