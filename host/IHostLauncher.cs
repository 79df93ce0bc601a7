namespace Pyco.Host;

/// <summary>Who has asked for a host, and waits for one word.</summary>
internal interface IHostLauncher
{
    /// <summary>The host is up.</summary>
    void Ready(HostReport report);

    /// <summary>There will be none; the reason is for the user.</summary>
    void Refuse(string reason);

    /// <summary>There will be none here, for want of something that another process may have.</summary>
    void TurnAway(string reason);
}
