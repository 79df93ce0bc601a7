using Pyco.Stack;

namespace Pyco.Shim;

/// <summary>
/// Of the descriptors that a user's processes have sent and nobody has received yet, the kernel allows as many as the sender may open
/// files (ETOOMANYREFS, unix(7)). Notes wait to be received while their connection is being made, or its peer reads nothing.
/// </summary>
internal static unsafe class DescriptorsInFlight
{
    /// <summary>
    /// Sends a message that was refused because of them, with the soft limit raised to the hard one meanwhile. Otherwise a program with
    /// many slow connections, or another one of its user, could ask the host for nothing any more.
    /// </summary>
    /// <returns>What sendmsg(2) says: ETOOMANYREFS where the limit cannot be raised.</returns>
    internal static nint SendBeyond(int through, MessageHeader* message, int flags)
    {
        const int mostTries = 4;
        nint sent = -(int)Errno.ETOOMANYREFS;
        for (int tries = 0; tries < mostTries && sent is -(int)Errno.ETOOMANYREFS or -(int)Errno.EINTR; tries++)
        {
            ResourceLimit before;
            if (Kernel.OpenFilesLimit(null, &before) < 0)
                return sent;
            // Where it is raised already, another thread may be at this: that one sets it back, perhaps before we send.
            ResourceLimit raised = new() { Soft = before.Hard, Hard = before.Hard };
            bool isToRaise = before.Soft < before.Hard && Kernel.OpenFilesLimit(&raised, null) >= 0;
            sent = Kernel.SendMessage(through, message, flags);
            if (isToRaise)
                _ = Kernel.OpenFilesLimit(&before, null);
        }

        return sent;
    }
}
