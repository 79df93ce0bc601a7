using System.Runtime.InteropServices;
using Pyco.Host.Control;
using Pyco.Host.Loop;
using Pyco.Posix;
using Pyco.Stack;

namespace Pyco.Host.Guarding;

/// <summary>A process's connection to its guard.</summary>
/// <param name="loop">Watches the connection.</param>
/// <param name="descriptor">The connection.</param>
/// <param name="gone">Called once when it has ended, with a pidfd of a process that has not ended in order, or -1.</param>
internal sealed unsafe class GuardedProcess(EventLoop loop, int descriptor, Action<int> gone) : PendingConnection(loop, descriptor)
{
    private readonly List<int> _attached = [];
    private int _process = -1;
    private bool _isInOrder;

    public override void OnEvents(uint events, Instant now)
    {
        byte word;
        nint length = DescriptorPassing.Receive(Descriptor, &word, 1, _attached);
        KeepFirst();
        if (length > 0 && _process >= 0)
        {
            HasSpoken();
            _isInOrder = word == GuardProtocol.InOrder;
        }
        else if (length >= 0 || (Errno)Marshal.GetLastPInvokeError() is not (Errno.EAGAIN or Errno.EINTR))
        {
            Close();
        }
    }

    public override void Close()
    {
        if (Descriptor < 0)
            return;
        base.Close();
        if (_isInOrder && _process >= 0)
        {
            _ = Libc.close(_process);
            _process = -1;
        }
        gone(_process);
    }

    /// <summary>Who sends more than one descriptor is none of us, and gets no room for them.</summary>
    private void KeepFirst()
    {
        foreach (int attached in _attached)
        {
            if (_process < 0)
                _process = attached;
            else
                _ = Libc.close(attached);
        }
        _attached.Clear();
    }
}
