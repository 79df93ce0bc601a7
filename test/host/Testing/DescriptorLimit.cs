using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Tests.Testing;

/// <summary>
/// Takes all descriptors of this process, as a limit that programs have run into does. The test must have run the code
/// that it needs before, because the runtime cannot load any now.
/// </summary>
internal sealed unsafe class DescriptorLimit : IDisposable
{
    private const int NumberOfFiles = 7; // RLIMIT_NOFILE
    private const int Headroom = 16;

    private readonly Stack<int> _taken = new();
    private ResourceLimit _before;

    public DescriptorLimit()
    {
        fixed (ResourceLimit* before = &_before)
            Kernel.Check(Libc.getrlimit(NumberOfFiles, before));
        ResourceLimit lowered = _before with { Soft = (ulong)(HighestDescriptor() + Headroom) };
        Kernel.Check(Libc.setrlimit(NumberOfFiles, &lowered));
        TakeAll();
    }

    /// <summary>Gives so many back, for the test's own needs.</summary>
    public void Release(int count)
    {
        while (count-- > 0 && _taken.TryPop(out int descriptor))
            _ = Libc.close(descriptor);
    }

    private void TakeAll()
    {
        int descriptor;
        while ((descriptor = Libc.eventfd(0, Constants.SockCloexec)) >= 0)
            _taken.Push(descriptor);
        Assert.That(Kernel.LastErrno, Is.EqualTo(Errno.EMFILE));
    }

    public void Dispose()
    {
        fixed (ResourceLimit* before = &_before)
            _ = Libc.setrlimit(NumberOfFiles, before);
        Release(_taken.Count);
    }

    private static int HighestDescriptor()
    {
        int highest = Kernel.NewUnixSocket(Constants.SockStream);
        _ = Libc.close(highest);
        foreach (string entry in Directory.GetFileSystemEntries("/proc/self/fd"))
            highest = Math.Max(highest, int.Parse(Path.GetFileName(entry), System.Globalization.CultureInfo.InvariantCulture));
        return highest;
    }
}
