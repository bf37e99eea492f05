using System.Runtime.InteropServices;

namespace LibvirtMdevHook.Simulator.Fuse;

/// <summary>A mounted tree, served by the calling thread until it is unmounted.</summary>
internal static unsafe class Session
{
    private const int OperationCount = 44;
    private const string Options = "allow_other,default_permissions,fsname=mdev-simulator";

    /// <summary>Mounts, calls <paramref name="ready"/>, and serves.</summary>
    /// <returns>False when the mount failed; libfuse has printed the reason on standard error.</returns>
    public static bool Run(Requests requests, Gate gate, string mountPoint, Action ready)
    {
        var operations = (nint*)NativeMemory.AllocZeroed(OperationCount, (nuint)sizeof(nint));
        Callbacks.Fill(operations, requests, gate);
        var session = New(operations);
        if (session == 0 || LibFuse.SessionMount(session, mountPoint) != 0)
            return false;
        ready();
        _ = LibFuse.SessionLoop(session);
        LibFuse.SessionUnmount(session);
        LibFuse.SessionDestroy(session);
        return true;
    }

    private static nint New(nint* operations)
    {
        string[] words = ["mdev-simulator", "-o", Options];
        var values = (byte**)NativeMemory.AllocZeroed((nuint)words.Length + 1, (nuint)sizeof(byte*));
        for (var i = 0; i < words.Length; i++)
            values[i] = (byte*)Marshal.StringToCoTaskMemUTF8(words[i]);
        var arguments = new LibFuse.Arguments { Count = words.Length, Values = values };
        return LibFuse.SessionNew(&arguments, operations, OperationCount * (nuint)sizeof(nint), 0);
    }
}
