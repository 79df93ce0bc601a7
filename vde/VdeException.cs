namespace Pyco.Vde;

/// <summary>Why a plug could not be put into a switch.</summary>
public enum VdeFailure
{
    /// <summary>Nothing listens at that path.</summary>
    NoSwitch,

    /// <summary>The switch, or its folder, is not open to this user.</summary>
    NoPermission,

    /// <summary>Something listens there, but it does not speak VDE, or it refused the request.</summary>
    NotASwitch,

    /// <summary>No answer in time: a full switch neither answers nor closes, and a stopped one is just as silent.</summary>
    NoAnswer,

    /// <summary>This side could not make its own socket.</summary>
    Local,
}

/// <summary>A plug could not be put into a switch. The message is one line that says what to do.</summary>
public sealed class VdeException : IOException
{
    public VdeException()
    {
    }

    public VdeException(string message)
        : base(message)
    {
    }

    public VdeException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    public VdeException(VdeFailure failure, string message)
        : base(message) => Failure = failure;

    public VdeFailure Failure { get; }
}
