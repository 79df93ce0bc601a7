using System.Diagnostics;
using System.Runtime.InteropServices;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Vde;

/// <summary>What a capture is written into: a file, which takes one capture at a time, a pipe or a device.</summary>
public static unsafe class CaptureTarget
{
    private const int WriteOnly = 1;
    private const int Create = 0x40;
    private const int SetOpenFileLock = 37; // F_OFD_SETLK
    private const short WriteLock = 1; // F_WRLCK

    /// <summary>Readable as the user's umask allows, as tcpdump does it.</summary>
    private const int Permissions = 0x1b6; // 0666

    /// <summary>The host of a program that has just ended may finish its connections, and write of them, for up to a second.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// Makes or empties the file. What another capture writes is not touched: a lock is on the file for as long as some process has
    /// the descriptor open.
    /// </summary>
    /// <param name="path">The file, or a pipe.</param>
    /// <param name="waitsForReader">
    /// Whether opening a named pipe waits for its reader, and writing for its speed; else nothing waits, and without a reader it is ENXIO.
    /// </param>
    /// <returns>The descriptor, or -1 and errno.</returns>
    /// <exception cref="IOException">Another capture is written into the file; the message is for the user.</exception>
    public static int Open(string path, bool waitsForReader)
    {
        int noWaiting = waitsForReader ? 0 : Processes.NonBlock;
        // Not emptied before it is known that it is nobody's.
        int descriptor = Processes.open(path, WriteOnly | Create | noWaiting | Processes.CloseOnExec, Permissions);
        if (descriptor < 0 || !FileStatus.TryGetOpen(descriptor, out FileStatus status) || !status.IsRegularFile)
            return descriptor;
        if (!TryLock(descriptor))
        {
            _ = Libc.close(descriptor);
            throw new IOException($"another capture is being written into {path}: end it, or choose another file");
        }
        if (Processes.ftruncate(descriptor, 0) == 0)
            return descriptor;
        int error = Marshal.GetLastPInvokeError();
        _ = Libc.close(descriptor);
        Marshal.SetLastPInvokeError(error);
        return -1;
    }

    /// <summary>False if somebody keeps the lock. A file system that has none keeps nobody from capturing.</summary>
    /// <remarks>A lock of fcntl(2) on the open file, because programs that only read may ask for one of flock(2), as .NET's do.</remarks>
    private static bool TryLock(int descriptor)
    {
        long* all = stackalloc long[4]; // struct flock: from the file's begin to its end
        new Span<long>(all, 4).Clear();
        *(short*)all = WriteLock;
        long begin = Stopwatch.GetTimestamp();
        while (Libc.fcntl(descriptor, SetOpenFileLock, (nint)all) != 0)
        {
            if ((Errno)Marshal.GetLastPInvokeError() is not (Errno.EAGAIN or Errno.EACCES))
                return true;
            if (Stopwatch.GetElapsedTime(begin) > Patience)
                return false;
            Thread.Sleep(Pause);
        }
        return true;
    }
}
