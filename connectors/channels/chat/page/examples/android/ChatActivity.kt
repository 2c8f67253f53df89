package com.example.app

import android.annotation.SuppressLint
import android.content.ActivityNotFoundException
import android.content.Intent
import android.net.Uri
import android.os.Bundle
import android.webkit.JavascriptInterface
import android.webkit.ValueCallback
import android.webkit.WebChromeClient
import android.webkit.WebResourceRequest
import android.webkit.WebView
import android.webkit.WebViewClient
import androidx.activity.ComponentActivity
import androidx.activity.result.contract.ActivityResultContracts
import androidx.core.net.toUri
import org.json.JSONObject

private const val CHAT = "https://hub.example.com/chat/app/"

/** The chat of a onethread hub, for whoever is signed in. It says itself what was not sent, and sends it later. */
class ChatActivity : ComponentActivity() {
    private lateinit var web: WebView
    private var picked: ValueCallback<Array<Uri>>? = null

    private val pick = registerForActivityResult(ActivityResultContracts.GetMultipleContents()) { files ->
        picked?.onReceiveValue(files.toTypedArray())
        picked = null
    }

    @SuppressLint("SetJavaScriptEnabled")
    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        web = WebView(this)
        web.settings.javaScriptEnabled = true
        web.settings.domStorageEnabled = true // the outbox is there
        web.webViewClient = Fence()
        web.webChromeClient = Picker()
        web.addJavascriptInterface(Bridge(), "onethread")
        setContentView(web)
        web.loadUrl(CHAT)
    }

    override fun onDestroy() {
        web.destroy()
        super.onDestroy()
    }

    /** What the page asks the app. Called on a thread of the WebView's own. */
    private inner class Bridge {
        /** A token of the user, made by your own server (see "Who is writing" of the protocol); empty for a visitor. */
        @JavascriptInterface
        fun getToken(): String = Session.chatToken() ?: ""

        @JavascriptInterface
        fun getContext(): String = JSONObject()
            .put("app_version", BuildConfig.VERSION_NAME)
            .put("device", android.os.Build.MODEL)
            .put("os", "Android ${android.os.Build.VERSION.RELEASE}")
            .put("entry", intent.getStringExtra("entry") ?: "menu")
            .toString()
    }

    /** Only the hub's own pages are shown in here, for they alone may have the token. */
    private inner class Fence : WebViewClient() {
        override fun shouldOverrideUrlLoading(view: WebView, request: WebResourceRequest): Boolean {
            if (request.url.host == CHAT.toUri().host && !request.url.path.orEmpty().contains("/files/")) return false
            try {
                startActivity(Intent(Intent.ACTION_VIEW, request.url))
            } catch (_: ActivityNotFoundException) {
                // nothing on this device opens it
            }
            return true
        }
    }

    private inner class Picker : WebChromeClient() {
        override fun onShowFileChooser(
            view: WebView,
            callback: ValueCallback<Array<Uri>>,
            params: FileChooserParams,
        ): Boolean {
            picked?.onReceiveValue(null)
            picked = callback
            pick.launch("*/*")
            return true
        }
    }
}
