using System.Runtime.InteropServices;
using Pyco.Posix;
using Pyco.Stack;
using Pyco.Vde;

namespace Pyco.Cli.Net;

/// <summary>Where a capture is written: a file, a pipe, standard output. It waits for a slow reader.</summary>
internal sealed unsafe class CaptureOutput : IDisposable
{
    private const int StandardOutput = 1;

    private readonly string _name;
    private long _position;

    private CaptureOutput(string name, int descriptor) => (_name, Descriptor) = (name, descriptor);

    public int Descriptor { get; private set; }

    public bool IsOpen => Descriptor >= 0;

    /// <summary>Why no more can be written; null if all is well, or the reader has had enough.</summary>
    public string? Failure { get; private set; }

    public static CaptureOutput ToStandardOutput() => new("standard output", StandardOutput);

    /// <summary>Makes or empties a file. A named pipe waits for its reader.</summary>
    /// <exception cref="LaunchException">It cannot be written.</exception>
    /// <exception cref="IOException">Another capture is.</exception>
    public static CaptureOutput ToFile(string path)
    {
        int descriptor = CaptureTarget.Open(path, waitsForReader: true);
        return descriptor >= 0
            ? new CaptureOutput(path, descriptor)
            : throw new LaunchException(CannotWrite(path, (Errno)Marshal.GetLastPInvokeError()));
    }

    /// <summary>Writes all of it.</summary>
    /// <returns>How much was written: less if no more will ever be, and the output is closed.</returns>
    public int Write(ReadOnlySpan<byte> octets)
    {
        int written = 0;
        while (written < octets.Length)
        {
            nint taken;
            fixed (byte* start = octets[written..])
                taken = Libc.write(Descriptor, start, (nuint)(octets.Length - written));
            if (taken >= 0)
            {
                written += (int)taken;
                continue;
            }
            var error = (Errno)Marshal.GetLastPInvokeError();
            if (error == Errno.EINTR)
                continue;
            if (error == Errno.EAGAIN)
            {
                PollDescriptor writable = new() { Descriptor = Descriptor, Events = Constants.PollOut };
                _ = Libc.poll(&writable, 1, -1);
                continue;
            }
            if (error != Errno.EPIPE)
                Failure = CannotWrite(_name, error);
            break;
        }
        _position += written;
        if (written < octets.Length && (_name == "standard output" || Failure is null))
            Leave();
        return written;
    }

    /// <summary>Takes back the last octets after a write that failed: a part of a block would make the file unreadable for some.</summary>
    public void CutBack(int octets)
    {
        if (IsOpen)
            _ = Processes.ftruncate(Descriptor, _position - octets);
        Leave();
    }

    /// <summary>Writes no more.</summary>
    public void Leave()
    {
        if (Descriptor > StandardOutput)
            _ = Libc.close(Descriptor);
        Descriptor = -1;
    }

    public void Dispose() => Leave();

    private static string CannotWrite(string name, Errno error) =>
        $"cannot write {name}: {Marshal.GetPInvokeErrorMessage((int)error)}";
}
